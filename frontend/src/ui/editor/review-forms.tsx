/** The words that go with a rejection or a return, over the picture beside the review panel. */
import { useState } from "react";

import { returnAndGoOn } from "../../actions";
import { REASONS, rejectObject } from "../../actions/review";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { useEditor, useEditorContext } from "./context";
import { SkipForm } from "./skip-form";

export function ReviewForms() {
  const asking = useSignal(useEditor().state.asking);
  if (asking === "reject-object") return <RejectForm />;
  if (asking === "skip") return <SkipForm />;
  return asking === "return-image" ? <ReturnForm /> : null;
}

function RejectForm() {
  const editor = useEditor();
  const [words, setWords] = useState("");
  return (
    <form
      className="review-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (words.trim()) rejectObject(editor, "other", words.trim());
      }}
    >
      {REASONS.map((reason) => (
        <Button
          key={reason}
          data-testid="review-reason"
          onClick={() => rejectObject(editor, reason, words.trim())}
        >
          {reason}
        </Button>
      ))}
      <input
        className="input"
        autoFocus
        placeholder="or say it in your own words, Enter"
        aria-label="Why is it rejected?"
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && editor.state.asking.set(null)}
      />
    </form>
  );
}

function ReturnForm() {
  const context = useEditorContext();
  const { editor } = context;
  const [words, setWords] = useState("");
  return (
    <form
      className="review-form"
      onSubmit={(event) => {
        event.preventDefault();
        returnAndGoOn(context, words.trim());
      }}
    >
      <textarea
        className="input"
        autoFocus
        rows={3}
        placeholder="What should be done?"
        aria-label="What should be done?"
        data-testid="review-comment"
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") editor.state.asking.set(null);
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            returnAndGoOn(context, words.trim());
          }
        }}
      />
      <div className="review-row">
        <Button type="submit" data-testid="review-return-confirm">
          Return the image
        </Button>
        <Button tone="quiet" onClick={() => editor.state.asking.set(null)}>
          Not now
        </Button>
      </div>
    </form>
  );
}
