/** The length of the measured line, beside its end. */
import { measureWords, pixelSizeOf } from "../../geometry/lengths";
import { imageToScreen } from "../../geometry/spaces";
import { useSignal } from "../data";
import { useEditor } from "./context";

export function MeasureWords() {
  const { state } = useEditor();
  const draft = useSignal(state.draft);
  const viewport = useSignal(state.viewport);
  const metadata = useSignal(state.image)?.record.metadata;
  if (draft?.kind !== "measure") return null;
  const at = imageToScreen(viewport, draft.to);
  return (
    <output
      className="measure-words"
      data-testid="measure"
      style={{ left: at.x + 12, top: at.y + 8 }}
    >
      {measureWords(draft.from, draft.to, pixelSizeOf(metadata ?? {}))}
    </output>
  );
}
