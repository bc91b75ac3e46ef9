/** Actions on masks by hand, by name. */
import { bringToFront, merge, sendToBack, subtract } from "./combining";
import { toolOf, type Editor } from "./editor";
import { moveEdges, toggleRule } from "./tidying";

type MaskAction = (context: { editor: Editor }) => void;

export const MASK_ACTIONS: Readonly<Record<string, MaskAction>> = {
  larger: ({ editor }) => toolOf(editor).resize?.(true),
  smaller: ({ editor }) => toolOf(editor).resize?.(false),
  "fill-holes": ({ editor }) => toggleRule(editor, "fill_holes"),
  "remove-specks": ({ editor }) => toggleRule(editor, "min_area"),
  smooth: ({ editor }) => toggleRule(editor, "smooth"),
  "largest-part": ({ editor }) => toggleRule(editor, "largest_part"),
  grow: ({ editor }) => moveEdges(editor, true),
  shrink: ({ editor }) => moveEdges(editor, false),
  merge: ({ editor }) => merge(editor),
  subtract: ({ editor }) => subtract(editor),
  "only-empty": ({ editor }) => {
    editor.state.onlyEmpty.update((wanted) => !wanted);
    editor.say(
      editor.state.onlyEmpty.get()
        ? "What you draw takes only pixels that no object has."
        : "What you draw may lie over other objects.",
    );
  },
  magnetic: ({ editor }) => {
    editor.state.magnetic.update((wanted) => !wanted);
    editor.say(
      editor.state.magnetic.get()
        ? "Polygons follow the edges of the picture."
        : "Polygons have straight edges.",
    );
  },
  "bring-to-front": ({ editor }) => bringToFront(editor),
  "send-to-back": ({ editor }) => sendToBack(editor),
};
