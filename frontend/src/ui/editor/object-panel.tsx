/** The objects of this image: searched, filtered, and a list that only draws the rows in sight. */
import { useEffect, useMemo, useRef, useState } from "react";

import { search } from "../../document/search";
import { useSignal } from "../data";
import { useAnnotations, useEditor } from "./context";
import { ObjectFilterBar } from "./object-filter";
import { ObjectRow, ROW } from "./object-row";

const SPARE = 4;

/** What search and filter leave over. */
export function useFound() {
  const { state } = useEditor();
  const annotations = useAnnotations();
  const filter = useSignal(state.filter);
  const labels = useSignal(state.labels);
  const hidden = useSignal(state.hidden);
  const locked = useSignal(state.lockedObjects);
  return useMemo(
    () => search(annotations, filter, { labels, hidden, locked }),
    [annotations, filter, labels, hidden, locked],
  );
}

export function ObjectPanel() {
  const { state, mode } = useEditor();
  const total = useAnnotations().length;
  const found = useFound();
  const order = useMemo(() => found.map((one) => one.annotation.id), [found]);
  const selected = useSignal(state.selected);
  const box = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState({ top: 0, height: 600 });

  const measure = () => {
    const element = box.current;
    if (element) setSpan({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(measure, [found.length]);

  const at = selected ? order.indexOf(selected) : -1;
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
  const count = found.length === total ? total || "" : `${found.length} of ${total}`;
  return (
    <section className="side-part side-objects" aria-label="Objects">
      <h2 className="side-head">
        Objects{" "}
        <span className="count" data-testid="object-count">
          {count}
        </span>
      </h2>
      <ObjectFilterBar />
      <div className="object-scroll" ref={box} onScroll={measure}>
        {total === 0 && (
          <p className="side-empty">
            {mode === "review"
              ? "There are no objects on this image."
              : "Nothing yet. Click on an object in the picture, then press Enter."}
          </p>
        )}
        {total > 0 && found.length === 0 && <p className="side-empty">No object is like that.</p>}
        <ul className="object-list" style={{ height: found.length * ROW }}>
          {found.slice(first, last).map(({ annotation, number }, index) => (
            <ObjectRow
              key={annotation.id}
              annotation={annotation}
              number={number}
              top={(first + index) * ROW}
              order={order}
            />
          ))}
        </ul>
      </div>
    </section>
  );
}
