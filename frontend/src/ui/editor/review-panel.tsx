/** Verdicts: on the selected object, on all that remain, and the words that go with a return. */
import { Check, CheckCheck, X } from "lucide-react";
import { useState } from "react";

import { returnAndGoOn } from "../../actions";
import { REASONS, rejectObject } from "../../actions/review";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { useAnnotations, useEditor, useEditorContext, useRun, useTip } from "./context";

export function ReviewPanel() {
  const editor = useEditor();
  const annotations = useAnnotations();
  const selected = useSignal(editor.state.selected);
  const asking = useSignal(editor.state.asking);
  const run = useRun();
  const tip = useTip();
  const judged = annotations.filter((annotation) => annotation.verdict).length;
  const current = annotations.find((annotation) => annotation.id === selected);
  return (
    <section className="side-part side-review" aria-label="Review">
      <h2 className="side-head">
        Review{" "}
        <span className="count">
          {judged} of {annotations.length}
        </span>
      </h2>
      <div className="review-row">
        <Button
          icon={Check}
          data-testid="review-accept-object"
          disabled={annotations.length === 0}
          aria-pressed={current?.verdict?.verdict === "accepted"}
          title={tip("Accept the object", "accept-object")}
          onClick={() => run("accept-object")}
        >
          Accept
        </Button>
        <Button
          icon={X}
          data-testid="review-reject-object"
          disabled={!current}
          aria-pressed={current?.verdict?.verdict === "rejected"}
          title={tip("Reject the object, with a reason", "reject-object")}
          onClick={() => run("reject-object")}
        >
          Reject
        </Button>
        <Button
          tone="quiet"
          icon={CheckCheck}
          disabled={judged === annotations.length}
          title={tip("Accept all remaining objects", "accept-remaining")}
          aria-label={tip("Accept all remaining objects", "accept-remaining")}
          onClick={() => run("accept-remaining")}
        />
      </div>
      {asking === "reject-object" && <RejectForm />}
      {asking === "return-image" && <ReturnForm />}
    </section>
  );
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
