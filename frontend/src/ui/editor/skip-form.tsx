/** Why an image is put aside; then the next one. */
import { SkipForward } from "lucide-react";
import { useState } from "react";

import { skipAndGoOn } from "../../actions";
import { maySkip, SKIP_REASONS } from "../../actions/remarks";
import { Button } from "../kit/button";
import { useEditor, useEditorContext, useJobImage, useRun, useTip } from "./context";

export function SkipButton() {
  const editor = useEditor();
  useJobImage();
  const run = useRun();
  const tip = useTip()("Skip the image, with a reason", "skip");
  if (!maySkip(editor)) return null;
  return (
    <Button
      tone="quiet"
      icon={SkipForward}
      data-testid="skip-image"
      title={tip}
      aria-label={tip}
      onClick={() => run("skip")}
    />
  );
}

export function SkipForm() {
  const context = useEditorContext();
  const { editor } = context;
  const [words, setWords] = useState("");
  return (
    <form
      className="review-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (words.trim()) skipAndGoOn(context, words.trim());
      }}
    >
      {SKIP_REASONS.map((reason) => (
        <Button key={reason} onClick={() => skipAndGoOn(context, reason)}>
          {reason}
        </Button>
      ))}
      <input
        className="input"
        autoFocus
        maxLength={5000}
        placeholder="or say it in your own words, Enter"
        aria-label="Why is it skipped?"
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && editor.state.asking.set(null)}
      />
    </form>
  );
}
