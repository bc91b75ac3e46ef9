/** The labels with their keys; `/` searches them. */
import { useState } from "react";

import { chooseLabel } from "../../actions/objects";
import type { LabelRecord } from "../../document/records";
import { useSignal } from "../data";
import { useAnnotations, useEditor } from "./context";

export function LabelPanel() {
  const { state } = useEditor();
  const labels = useSignal(state.labels);
  const searching = useSignal(state.labelSearch);
  return (
    <section className="side-part side-labels" aria-label="Labels">
      <h2 className="side-head">Labels</h2>
      {labels.length === 0 && (
        <p className="side-empty">
          This project has no labels yet; a manager adds them in its settings.
        </p>
      )}
      {searching ? <LabelSearch /> : <LabelList labels={labels} />}
    </section>
  );
}

function LabelList({ labels, at }: { labels: readonly LabelRecord[]; at?: number }) {
  const editor = useEditor();
  const all = useSignal(editor.state.labels);
  const active = useSignal(editor.state.label);
  const annotations = useAnnotations();
  const counts = new Map<string | null, number>();
  for (const { label } of annotations) counts.set(label, (counts.get(label) ?? 0) + 1);
  return (
    <ul className="side-list">
      {labels.map((label, index) => (
        <li key={label.id}>
          <button
            type="button"
            className="label-row"
            data-testid={`label-${label.name}`}
            data-hovered={index === at}
            aria-pressed={label.id === active}
            onClick={() => {
              chooseLabel(editor, label.id);
              editor.state.labelSearch.set(false);
            }}
          >
            <kbd className="key-hint">{keyOfLabel(label.hotkey, all.indexOf(label))}</kbd>
            <span className="swatch" style={{ background: label.colour }} />
            <span className="clip grow">{label.name}</span>
            <span className="count">{counts.get(label.id) ?? ""}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Type, Enter: the label is chosen, and the keys are the picture's again. */
function LabelSearch() {
  const editor = useEditor();
  const labels = useSignal(editor.state.labels);
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const found = labelsFor(labels, words);
  const close = () => editor.state.labelSearch.set(false);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const label = found[at];
    if (event.key === "Enter" && label) {
      chooseLabel(editor, label.id);
      close();
    } else if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="object-filter">
        <input
          className="input"
          type="search"
          autoFocus
          placeholder="Search, Enter takes it"
          aria-label="Search the labels"
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          onBlur={close}
        />
      </div>
      {found.length === 0 && <p className="side-empty">No label is called that.</p>}
      <LabelList labels={found} at={at} />
    </>
  );
}

/** Labels whose name begins with the words come first, then those that contain them. */
export function labelsFor(labels: readonly LabelRecord[], words: string): LabelRecord[] {
  const wanted = words.trim().toLowerCase();
  const rank = ({ name }: LabelRecord) => {
    const at = name.toLowerCase().indexOf(wanted);
    return at < 0 ? 2 : Math.min(at, 1);
  };
  return labels.filter((label) => rank(label) < 2).sort((a, b) => rank(a) - rank(b));
}

function keyOfLabel(hotkey: string, index: number): string {
  if (hotkey) return hotkey;
  return index < 9 ? String(index + 1) : index === 9 ? "0" : "";
}
