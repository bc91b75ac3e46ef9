/** Verdicts: on the selected object and on all that remain. */
import { Check, CheckCheck, X } from "lucide-react";

import { useSignal } from "../data";
import { Button } from "../kit/button";
import { useAnnotations, useEditor, useRun, useTip } from "./context";

export function ReviewPanel() {
  const editor = useEditor();
  const annotations = useAnnotations();
  const selected = useSignal(editor.state.selected);
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
    </section>
  );
}
