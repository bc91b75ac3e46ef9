/** The screen: where am I, the rail, the picture, the panels, the film strip. Fixed places. */
import { useEditor } from "./context";
import { EditorTop } from "./editor-top";
import { FilmStrip } from "./film-strip";
import { HistoryPanel } from "./history-panel";
import { LabelPanel } from "./label-panel";
import { ObjectPanel } from "./object-panel";
import { Overlays } from "./overlays";
import { ReviewPanel } from "./review-panel";
import { Stage } from "./stage";
import { ToolRail } from "./tool-rail";
import type { PointerDesk } from "../../tools/pointer";

export function EditorScreen({ onDesk }: { onDesk(desk: PointerDesk | null): void }) {
  const editor = useEditor();
  return (
    <main className="editor" data-mode={editor.mode}>
      <EditorTop />
      <ToolRail />
      <div className="editor-picture">
        <Stage onDesk={onDesk} />
        <Overlays />
      </div>
      {/* A mouse click in a panel leaves the keys with the picture. */}
      <aside className="editor-side" onMouseDown={keepFocus}>
        {editor.mode === "review" && <ReviewPanel />}
        <LabelPanel />
        <ObjectPanel />
        <HistoryPanel />
      </aside>
      <FilmStrip />
    </main>
  );
}

function keepFocus(event: React.MouseEvent): void {
  const target = event.target as Element;
  if (target.closest("input, textarea, select")) return;
  event.preventDefault();
  const typing = document.activeElement;
  // The search of the labels ends with the click that chooses one.
  if (typing instanceof HTMLInputElement && !typing.closest(".side-labels")) typing.blur();
}
