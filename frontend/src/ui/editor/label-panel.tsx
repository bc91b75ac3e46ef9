import { chooseLabel } from "../../actions/objects";
import { useSignal } from "../data";
import { useAnnotations, useEditor } from "./context";

export function LabelPanel() {
  const editor = useEditor();
  const labels = useSignal(editor.state.labels);
  const active = useSignal(editor.state.label);
  const annotations = useAnnotations();
  const counts = new Map<string | null, number>();
  for (const { label } of annotations) counts.set(label, (counts.get(label) ?? 0) + 1);
  return (
    <section className="side-part side-labels" aria-label="Labels">
      <h2 className="side-head">Labels</h2>
      {labels.length === 0 && (
        <p className="side-empty">
          This project has no labels yet; a manager adds them in its settings.
        </p>
      )}
      <ul className="side-list">
        {labels.map((label, index) => (
          <li key={label.id}>
            <button
              type="button"
              className="label-row"
              data-testid={`label-${label.name}`}
              aria-pressed={label.id === active}
              onClick={() => chooseLabel(editor, label.id)}
            >
              <kbd className="key-hint">{keyOfLabel(label.hotkey, index)}</kbd>
              <span className="swatch" style={{ background: label.colour }} />
              <span className="clip grow">{label.name}</span>
              <span className="count">{counts.get(label.id) ?? ""}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function keyOfLabel(hotkey: string, index: number): string {
  if (hotkey) return hotkey;
  return index < 9 ? String(index + 1) : index === 9 ? "0" : "";
}
