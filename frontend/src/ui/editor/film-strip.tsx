/** The images around the open one, with their states. */
import { useEffect, useRef } from "react";

import type { StripItem } from "../../actions/state";
import { useSignal } from "../data";
import { useEditor, useEditorContext } from "./context";
import { STATE_WORDS } from "./words";

/** So many on each side are in the page at all. */
const REACH = 60;

export function FilmStrip() {
  const editor = useEditor();
  const strip = useSignal(editor.state.strip);
  const image = useSignal(editor.state.image);
  const at = Math.max(
    0,
    strip.findIndex((item) => item.image.id === image?.record.id),
  );
  const current = useRef<HTMLLIElement>(null);
  useEffect(() => {
    current.current?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [at, strip.length]);
  const first = Math.max(0, at - REACH);
  return (
    <nav className="film" aria-label="Images" onMouseDown={(event) => event.preventDefault()}>
      <ul>
        {strip.slice(first, at + REACH).map((item, index) => {
          const here = first + index === at;
          return (
            <li key={item.image.id} ref={here ? current : null}>
              <Frame item={item} here={here} number={first + index + 1} />
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Frame({ item, here, number }: { item: StripItem; here: boolean; number: number }) {
  const { go } = useEditorContext();
  const state = item.jobImage?.state;
  const words = state ? `${item.image.name}: ${STATE_WORDS[state]}` : item.image.name;
  return (
    <button
      type="button"
      className="frame"
      aria-current={here}
      title={words}
      onClick={() => go(item.image.id)}
    >
      <img src={item.image.thumbnail_url} alt={words} loading="lazy" draggable={false} />
      {state && <span className={`state-dot state-${state}`} aria-hidden />}
      <span className="frame-number">{number}</span>
    </button>
  );
}
