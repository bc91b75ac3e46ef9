/** The objects of this image: a list that only draws the rows in sight. */
import { CircleCheck, CircleX, Eye, EyeOff, MousePointerClick } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { reopen, toggleHidden } from "../../actions/objects";
import type { AnnotationRecord } from "../../document/records";
import { useSignal } from "../data";
import { useAnnotations, useEditor } from "./context";
import { Crop } from "./crop";
import { percent } from "./words";

const ROW = 44;
const SPARE = 4;

export function ObjectPanel() {
  const editor = useEditor();
  const annotations = useAnnotations();
  const selected = useSignal(editor.state.selected);
  const box = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState({ top: 0, height: 600 });

  const measure = () => {
    const element = box.current;
    if (element) setSpan({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(measure, [annotations.length]);

  const at = annotations.findIndex((annotation) => annotation.id === selected);
  useEffect(() => {
    const element = box.current;
    if (!element || at < 0) return;
    if (at * ROW < element.scrollTop) element.scrollTop = at * ROW;
    else if ((at + 1) * ROW > element.scrollTop + element.clientHeight) {
      element.scrollTop = (at + 1) * ROW - element.clientHeight;
    }
  }, [at]);

  const first = Math.max(0, Math.floor(span.top / ROW) - SPARE);
  const last = Math.ceil((span.top + span.height) / ROW) + SPARE;
  return (
    <section className="side-part side-objects" aria-label="Objects">
      <h2 className="side-head">
        Objects <span className="count">{annotations.length || ""}</span>
      </h2>
      <div className="object-scroll" ref={box} onScroll={measure}>
        {annotations.length === 0 && (
          <p className="side-empty">
            {editor.mode === "review"
              ? "There are no objects on this image."
              : "Nothing yet. Click on an object in the picture, then press Enter."}
          </p>
        )}
        <ul className="object-list" style={{ height: annotations.length * ROW }}>
          {annotations.slice(first, last).map((annotation, index) => (
            <ObjectRow
              key={annotation.id}
              annotation={annotation}
              number={first + index + 1}
              top={(first + index) * ROW}
            />
          ))}
        </ul>
      </div>
    </section>
  );
}

interface RowProps {
  annotation: AnnotationRecord;
  number: number;
  top: number;
}

function ObjectRow({ annotation, number, top }: RowProps) {
  const editor = useEditor();
  const { state } = editor;
  const selected = useSignal(state.selected) === annotation.id;
  const hovered = useSignal(state.hovered) === annotation.id;
  const hidden = useSignal(state.hidden).has(annotation.id);
  const label = useSignal(state.labels).find((one) => one.id === annotation.label);
  return (
    <li
      className="object-row"
      data-testid="object-row"
      data-id={annotation.id}
      data-hovered={hovered}
      aria-current={selected}
      style={{ top, height: ROW }}
      onMouseEnter={() => state.hovered.set(annotation.id)}
      onMouseLeave={() => state.hovered.set(null)}
    >
      <button
        type="button"
        className="object-main"
        onClick={() => state.selected.set(annotation.id)}
        onDoubleClick={() => reopen(editor, annotation.id)}
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
      <span className="object-tools">
        {!editor.locked() && annotation.recipe && (
          <button
            type="button"
            className="mini-button"
            title="Open its prompts (double-click)"
            aria-label="Open its prompts"
            onClick={() => reopen(editor, annotation.id)}
          >
            <MousePointerClick className="icon" aria-hidden />
          </button>
        )}
        <button
          type="button"
          className="mini-button"
          data-on={hidden}
          title={hidden ? "Show" : "Hide"}
          aria-label={hidden ? "Show" : "Hide"}
          onClick={() => toggleHidden(editor, annotation.id)}
        >
          {hidden ? <EyeOff className="icon" /> : <Eye className="icon" />}
        </button>
      </span>
    </li>
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

/** The model's own estimate of the mask it made last. */
function confidenceOf({ recipe }: AnnotationRecord): string {
  const step = [...(recipe?.steps ?? [])].reverse().find((one) => one.type === "decode");
  if (step?.type !== "decode") return "by hand";
  const { iou_predictions, candidate } = step as { iou_predictions: number[]; candidate: number };
  return percent(iou_predictions[candidate] ?? 0);
}
