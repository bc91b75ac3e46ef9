/** Every action by name: keys, buttons and the palette run the same ones. */
import type { ToolName } from "../tools";
import { toolOf, type Editor } from "./editor";
import { MASK_ACTIONS } from "./mask-actions";
import {
  accept,
  chooseLabel,
  deleteObject,
  escape,
  redo,
  reopen,
  undo,
  underPointer,
} from "./objects";
import {
  acceptImage,
  acceptObject,
  acceptRemaining,
  returnImage,
  selectedAnnotation,
  submit,
  walk,
} from "./review";
import { maySkip, skip } from "./remarks";
import { choose, searched, solo, toggleChosenIn } from "./selection";

export interface ActionContext {
  editor: Editor;
  /** Goes to an image of the strip. */
  go(imageId: string): void;
  /** What was pressed, for actions with several keys. */
  key?: string;
}

type Action = (context: ActionContext) => void;

export const ACTIONS: Readonly<Record<string, Action>> = {
  ...MASK_ACTIONS,
  accept: ({ editor }) => accept(editor),
  escape: ({ editor }) => escape(editor),
  cycle: ({ editor }) => editor.prompter.cycle(1),
  "cycle-back": ({ editor }) => editor.prompter.cycle(-1),
  undo: ({ editor }) => undo(editor),
  redo: ({ editor }) => redo(editor),
  delete: ({ editor }) => deleteObject(editor),
  tighter: ({ editor }) => editor.prompter.moveThreshold(0.25),
  wider: ({ editor }) => editor.prompter.moveThreshold(-0.25),
  "tool-point": ({ editor }) => setTool(editor, "point"),
  "tool-select": ({ editor }) => setTool(editor, "select"),
  "tool-brush": ({ editor }) => setTool(editor, "brush"),
  "tool-eraser": ({ editor }) => setTool(editor, "eraser"),
  "tool-polygon": ({ editor }) => setTool(editor, "polygon"),
  "tool-cut": ({ editor }) => setTool(editor, "cut"),
  "tool-proposal": ({ editor }) =>
    setTool(editor, editor.state.tool.get() === "proposal" ? "point" : "proposal"),
  "tool-measure": ({ editor }) => setTool(editor, "measure"),
  reopen: ({ editor }) => {
    const id = editor.state.selected.get() ?? underPointer(editor);
    if (id) reopen(editor, id);
  },
  previous: (context) => step(context, -1),
  next: (context) => step(context, 1),
  hide: ({ editor }) =>
    editor.state.appearance.update((a) => ({ ...a, masksVisible: !a.masksVisible })),
  "hide-selected": ({ editor }) => toggleChosenIn(editor, "hidden"),
  "lock-selected": ({ editor }) => toggleChosenIn(editor, "lockedObjects"),
  solo: ({ editor }) => solo(editor),
  "select-all": ({ editor }) =>
    choose(
      editor,
      searched(editor).map((one) => one.annotation.id),
    ),
  "search-labels": ({ editor }) => editor.state.labelSearch.set(true),
  wireframe: ({ editor }) =>
    editor.state.look.update((look) => ({ ...look, wireframe: !look.wireframe })),
  opacity: ({ editor }) =>
    editor.state.appearance.update((a) => ({
      ...a,
      opacity: a.opacity === 1 ? 0.4 : a.opacity === 0 ? 1 : 0,
    })),
  refine: ({ editor }) => {
    editor.state.refine.update((wanted) => !wanted);
    editor.prompter.refiningChanged();
    editor.say(
      editor.state.refine.get() ? "Edges are looked at twice." : "Edges as the model drew them.",
    );
  },
  fit: ({ editor }) => editor.fit(),
  submit: (context) => {
    if (submit(context.editor)) goOn(context);
  },
  skip: ({ editor }) => {
    if (maySkip(editor)) editor.state.asking.set("skip");
    else editor.say("Only images of a job that wait for work can be skipped.");
  },
  comment: ({ editor }) => editor.state.asking.set("comment"),
  walk: ({ editor }) => walk(editor, 1),
  "walk-back": ({ editor }) => walk(editor, -1),
  "accept-object": ({ editor }) => acceptObject(editor),
  "reject-object": ({ editor }) => {
    if (selectedAnnotation(editor)) editor.state.asking.set("reject-object");
    else editor.say("Select the object to reject first (J and K walk through them).");
  },
  "accept-remaining": ({ editor }) => acceptRemaining(editor),
  "accept-image": (context) => {
    if (acceptImage(context.editor)) goOn(context);
  },
  "return-image": ({ editor }) => editor.state.asking.set("return-image"),
  label: ({ editor, key }) => {
    const at = key === "0" ? 9 : Number(key) - 1;
    const label = labelByKey(editor, key ?? "", at);
    if (label) chooseLabel(editor, label);
  },
};

/** A label's own hotkey goes first, then its place in the list. */
function labelByKey(editor: Editor, key: string, at: number): string | null {
  const labels = editor.state.labels.get();
  return (labels.find((label) => label.hotkey === key) ?? labels[at])?.id ?? null;
}

function setTool(editor: Editor, name: ToolName): void {
  const before = toolOf(editor);
  if (before.name === name) return;
  // A polygon one turns away from is closed, not lost.
  if (before.close) before.close();
  else {
    before.finish?.();
    before.cancel?.();
  }
  before.leave();
  editor.state.draft.set(null);
  editor.state.tool.set(name);
}

function step(context: ActionContext, by: 1 | -1): void {
  const next = context.editor.neighbour(by);
  if (next) context.go(next.image.id);
  else context.editor.say(by === 1 ? "This is the last image." : "This is the first image.");
}

/** Puts the image aside and opens the next one that waits. */
export function skipAndGoOn(context: ActionContext, reason: string): void {
  if (skip(context.editor, reason)) goOn(context);
}

/** Sends the image back and opens the next one that waits. */
export function returnAndGoOn(context: ActionContext, note: string): void {
  if (returnImage(context.editor, note)) goOn(context);
}

const OPEN_STATES = {
  edit: new Set(["new", "in_work", "returned"]),
  review: new Set(["submitted", "in_review"]),
} as const;

/** The next image that still waits for this person, from here on and then from the start. */
export function goOn(context: ActionContext): void {
  const { editor } = context;
  const strip = editor.state.strip.get();
  const at = strip.findIndex((item) => item.image.id === editor.imageId);
  const open = OPEN_STATES[editor.mode];
  const next = [...strip.slice(at + 1), ...strip.slice(0, Math.max(0, at))].find(
    (item) => item.jobImage && open.has(item.jobImage.state),
  );
  if (next) context.go(next.image.id);
  else
    editor.say(editor.mode === "edit" ? "All images are submitted." : "All images are reviewed.");
}
