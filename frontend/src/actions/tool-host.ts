/** What the tools may touch of the editor. */
import { proposalAt } from "../document/proposals";
import type { ToolHost } from "../tools/tool";
import { cutAlong } from "./combining";
import type { Editor } from "./editor";
import { reopen } from "./objects";
import { fillPolygon, paintStroke } from "./painting";
import { choose, toggleChosen, touching } from "./selection";

export function toolHost(editor: Editor): ToolHost {
  const { state } = editor;
  return {
    prompter: editor.prompter,
    viewport: state.viewport.get,
    imageSize: () => state.image.get()?.record ?? { width: 0, height: 0 },
    annotationAt: (p) => editor.annotationAt(p.x, p.y),
    select: state.selected.set,
    toggleSelected: (id) => toggleChosen(editor, id),
    selectTouching: (box, add) => choose(editor, touching(editor, box), add),
    setHovered: state.hovered.set,
    setDraftBox: state.draftBox.set,
    setHotPoint: state.hotPoint.set,
    setDraft: state.draft.set,
    setBrush: state.brush.set,
    brushSize: state.brushSize.get,
    setBrushSize: state.brushSize.set,
    reopen: (id) => reopen(editor, id),
    paint: (dabs, erases) => paintStroke(editor, dabs, erases),
    trace: (from, to, snap) => editor.tracer.trace(from, to, snap),
    fill: (polygon, erases, reopened) => fillPolygon(editor, polygon, erases, reopened),
    boxToMask: (box) => editor.boxes.add(box),
    cut: (line) => cutAlong(editor, line),
    proposalAt: (p) => proposalAt(editor.proposals.offered.get(), p)?.id ?? null,
    lightProposals: editor.proposals.lit.set,
    takeProposals: (ids) => editor.proposals.take(ids),
    leaveProposals: () => state.tool.set("point"),
    mayEdit: () => {
      const reason = editor.locked();
      if (reason) editor.say(reason, "warn");
      return reason === null;
    },
    clicked: () => {
      editor.pressedAt = performance.now();
      editor.effort.click(state.tool.get());
      state.notice.set(null);
    },
  };
}
