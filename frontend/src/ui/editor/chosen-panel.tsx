/** Several objects are selected: what can be done to all of them in one step. */
import { EyeOff, Lock, SquaresUnite, Trash2 } from "lucide-react";

import { relabelChosen } from "../../actions/selection";
import type { AnnotationRecord } from "../../document/records";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { useEditor, useRun, useTip } from "./context";

export function ChosenPanel({ chosen }: { chosen: readonly AnnotationRecord[] }) {
  const editor = useEditor();
  const labels = useSignal(editor.state.labels);
  const run = useRun();
  const tip = useTip();
  const area = chosen.reduce((sum, annotation) => sum + annotation.mask.area, 0);
  const common = new Set(chosen.map((annotation) => annotation.label));
  const label = common.size === 1 ? (chosen[0]?.label ?? "") : "";
  return (
    <div className="history-scroll">
      <p className="chosen-words" data-testid="chosen-count">
        <strong>{chosen.length} objects</strong>{" "}
        <span className="muted">{area.toLocaleString("en")} px together</span>
      </p>
      <label className="attribute-row">
        <span>Label</span>
        <select
          className="input"
          aria-label="Label of the selected objects"
          value={label}
          onChange={(event) => event.target.value && relabelChosen(editor, event.target.value)}
        >
          <option value="">{common.size > 1 ? "different ones" : "no label"}</option>
          {labels.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <div className="chosen-tools">
        <Button
          icon={SquaresUnite}
          title={tip("Merge the selected objects", "merge")}
          onClick={() => run("merge")}
        >
          Merge
        </Button>
        <Button
          icon={EyeOff}
          title={tip("Hide or show the selected objects", "hide-selected")}
          onClick={() => run("hide-selected")}
        >
          Hide
        </Button>
        <Button
          icon={Lock}
          title={tip("Lock or unlock the selected objects", "lock-selected")}
          onClick={() => run("lock-selected")}
        >
          Lock
        </Button>
        <Button
          tone="danger"
          icon={Trash2}
          title={tip("Delete the selected objects", "delete")}
          onClick={() => run("delete")}
        >
          Delete
        </Button>
      </div>
    </div>
  );
}
