/** One object in the list: crop, label, confidence, author; lock and visibility. */
import {
  CircleCheck,
  CircleX,
  Eye,
  EyeOff,
  Lock,
  LockOpen,
  MousePointerClick,
  type LucideIcon,
} from "lucide-react";
import type { MouseEvent } from "react";

import { confidenceIn } from "../../actions/look";
import { reopen, toggle } from "../../actions/objects";
import { chooseRange, isChosen, toggleChosen } from "../../actions/selection";
import type { AnnotationRecord } from "../../document/records";
import { useSignal } from "../data";
import { useEditor } from "./context";
import { Crop } from "./crop";
import { percent } from "./words";

export const ROW = 44;

interface RowProps {
  annotation: AnnotationRecord;
  number: number;
  top: number;
  /** Ids as the list shows them, for Shift+click. */
  order: readonly string[];
}

export function ObjectRow({ annotation, number, top, order }: RowProps) {
  const editor = useEditor();
  const { state } = editor;
  const { id } = annotation;
  useSignal(state.selected);
  useSignal(state.chosen);
  const hovered = useSignal(state.hovered) === id;
  const label = useSignal(state.labels).find((one) => one.id === annotation.label);
  const click = (event: MouseEvent) => {
    if (event.shiftKey) chooseRange(editor, order, id);
    else if (event.ctrlKey || event.metaKey) toggleChosen(editor, id);
    else state.selected.set(id);
  };
  return (
    <li
      className="object-row"
      data-testid="object-row"
      data-id={id}
      data-hovered={hovered}
      aria-current={isChosen(editor, id)}
      style={{ top, height: ROW }}
      onMouseEnter={() => state.hovered.set(id)}
      onMouseLeave={() => state.hovered.set(null)}
    >
      <button
        type="button"
        className="object-main"
        onClick={click}
        onDoubleClick={() => reopen(editor, id)}
      >
        <Crop annotation={annotation} />
        <span className="swatch" style={{ background: label?.colour ?? "var(--muted)" }} />
        <span className="object-words">
          <span className="clip">{label?.name ?? "no label"}</span>
          <span className="clip muted">
            {number} · {confidenceOf(annotation)} · {annotation.author?.name ?? "removed user"}
          </span>
        </span>
        <VerdictMark annotation={annotation} />
      </button>
      <RowTools annotation={annotation} />
    </li>
  );
}

function RowTools({ annotation }: { annotation: AnnotationRecord }) {
  const editor = useEditor();
  const { id } = annotation;
  const hidden = useSignal(editor.state.hidden).has(id);
  const locked = useSignal(editor.state.lockedObjects).has(id);
  return (
    <span className="object-tools">
      {!editor.locked() && !locked && annotation.recipe && (
        <MiniButton
          icon={MousePointerClick}
          words="Open its prompts"
          onClick={() => reopen(editor, id)}
        />
      )}
      <MiniButton
        icon={locked ? Lock : LockOpen}
        words={locked ? "Unlock" : "Lock"}
        on={locked}
        onClick={() => toggle(editor, "lockedObjects", id)}
      />
      <MiniButton
        icon={hidden ? EyeOff : Eye}
        words={hidden ? "Show" : "Hide"}
        on={hidden}
        onClick={() => toggle(editor, "hidden", id)}
      />
    </span>
  );
}

interface MiniButtonProps {
  icon: LucideIcon;
  words: string;
  on?: boolean;
  onClick(): void;
}

function MiniButton({ icon: Icon, words, on, onClick }: MiniButtonProps) {
  return (
    <button
      type="button"
      className="mini-button"
      data-on={on}
      title={words}
      aria-label={words}
      onClick={onClick}
    >
      <Icon className="icon" aria-hidden />
    </button>
  );
}

function VerdictMark({ annotation }: { annotation: AnnotationRecord }) {
  const { verdict } = annotation;
  if (!verdict) return null;
  return verdict.verdict === "accepted" ? (
    <CircleCheck className="icon verdict-good" aria-label="accepted" />
  ) : (
    <CircleX className="icon verdict-bad" aria-label={`rejected: ${verdict.reason}`} />
  );
}

function confidenceOf(annotation: AnnotationRecord): string {
  const confidence = confidenceIn(annotation);
  return confidence === null ? "by hand" : percent(confidence);
}
