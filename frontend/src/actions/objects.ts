/** What a person does to objects: accept, delete, relabel, reopen, undo and redo. */
import { add, update } from "../document/diff";
import { replayed, rulesOf, stepsByHand, withRules } from "../document/painted";
import { maskOf, type AnnotationRecord } from "../document/records";
import { uuid7 } from "../sync/ids";
import type { ToolName } from "../tools";
import type { Taken } from "../prompting/prompter";
import { attributesFor, labelOf } from "./attributes";
import { toolOf, type Editor } from "./editor";
import { onFreePixels } from "./overlap";
import { reopenPolygon } from "./painting";
import { chosenOf, deleteChosen, relabelChosen } from "./selection";

/** Tools that go on with the selected object until it is accepted. */
const BY_HAND: ReadonlySet<ToolName> = new Set(["brush", "eraser", "polygon", "cut"]);

/** Takes what is open as an object and arms the next one with the same label. */
export function accept(editor: Editor): void {
  const { state } = editor;
  const view = editor.prompter.view.get();
  if (toolOf(editor).finish?.()) return;
  if (view.kind !== "prompt") {
    // What was painted is an object already; the next stroke shall make another one.
    if (BY_HAND.has(state.tool.get())) state.selected.set(null);
    return;
  }
  if (!view.mask || view.waiting) {
    editor.say("The mask is on its way; accept it when it is there.", "plain");
    return;
  }
  editor.prompter.whenFine(() => take(editor));
}

/** The prompt's mask as an object; null when there was none to take. */
export function take(editor: Editor): string | null {
  const taken = editor.prompter.take();
  const id = taken && addTaken(editor, taken, editor.state.label.get());
  if (taken && id) editor.state.selected.set(taken.reopened && id);
  return id;
}

/** Tidied, on free pixels only where the project wants it, and put into the document. */
export function addTaken(editor: Editor, taken: Taken, label: string | null): string | null {
  const image = editor.state.image.get()?.record;
  if (!image) return null;
  const size: [number, number] = [image.height, image.width];
  const reopened = taken.reopened ? editor.document.get(taken.reopened) : undefined;
  // What was done to it by hand is done again, whatever the model now answers.
  const byHand = stepsByHand(reopened?.recipe ?? null);
  const rules = reopened ? rulesOf(reopened.recipe) : (labelOf(editor, label)?.post_rules ?? {});
  const tidy = withRules(replayed(taken, byHand, size), rules, size);
  const { runs, recipe } = onFreePixels(editor, tidy, size, taken.reopened);
  const mask = maskOf(runs, size);
  if (mask.area === 0) {
    editor.say("That mask was empty, so nothing was added. Click on the object.", "warn");
    return null;
  }
  if (reopened) {
    const change = { mask, recipe, label: label ?? reopened.label };
    editor.document.apply(update(reopened, change), "local");
    return reopened.id;
  }
  const made = { ...newRecord(editor, image.id, mask, recipe), label };
  editor.document.apply(add({ ...made, attributes: attributesFor(editor, label) }), "local");
  return made.id;
}

export function newRecord(
  editor: Editor,
  image: string,
  mask: AnnotationRecord["mask"],
  recipe: AnnotationRecord["recipe"],
): AnnotationRecord {
  const me = editor.sync.user.get();
  const now = new Date().toISOString();
  return {
    id: uuid7(),
    image,
    layer: "main",
    label: editor.state.label.get(),
    mask,
    recipe,
    attributes: attributesFor(editor, editor.state.label.get()),
    track: null,
    iscrowd: false,
    order_key: "",
    version: 1,
    seq: 0,
    author: { id: me?.id ?? "", name: me?.display_name || me?.username || "me" },
    deleted: false,
    verdict: null,
    created: now,
    updated: now,
  };
}

/** Opens an object's prompts again. */
export function reopen(editor: Editor, id: string): void {
  const annotation = editor.document.get(id);
  const reason = editor.locked();
  if (!annotation) return;
  if (reason) return editor.say(reason, "warn");
  if (editor.state.lockedObjects.get().has(id)) return editor.say("This object is locked.", "warn");
  if (reopenPolygon(editor, annotation)) return;
  if (!editor.prompter.reopen(id, annotation.recipe)) {
    editor.state.selected.set(id);
    return editor.say(
      "This object was not made with clicks, so it has no prompts to open.",
      "warn",
    );
  }
  editor.state.tool.set("point");
  editor.state.selected.set(null);
  if (annotation.label) editor.state.label.set(annotation.label);
}

/** The prompt if one is open, else the selected objects, else the one under the pointer. */
export function deleteObject(editor: Editor): void {
  if (toolOf(editor).remove?.()) return;
  if (editor.prompter.isOpen) return editor.prompter.cancel();
  const id = editor.state.selected.get() ?? editor.state.hovered.get() ?? underPointer(editor);
  if (!id || !editor.document.get(id)) return;
  editor.state.selected.set(id);
  deleteChosen(editor);
}

export function underPointer(editor: Editor): string | null {
  const pointer = editor.state.pointer.get();
  if (!pointer) return null;
  const { scale, x, y } = editor.state.viewport.get();
  return editor.annotationAt((pointer.x - x) / scale, (pointer.y - y) / scale);
}

/** Chooses the label of the next object, and of the selected ones when no prompt is open. */
export function chooseLabel(editor: Editor, id: string): void {
  editor.state.label.set(id);
  if (!editor.prompter.isOpen && chosenOf(editor).some((annotation) => annotation.label !== id)) {
    relabelChosen(editor, id);
  }
}

export function undo(editor: Editor): void {
  if (toolOf(editor).undo?.() || editor.prompter.undo()) return;
  const { skipped } = editor.history.undo();
  if (skipped.length > 0) editor.say("Somebody else changed that object since; it stays.", "warn");
}

export function redo(editor: Editor): void {
  if (toolOf(editor).redo?.() || editor.prompter.redo()) return;
  const { skipped } = editor.history.redo();
  if (skipped.length > 0) editor.say("Somebody else changed that object since; it stays.", "warn");
}

export function escape(editor: Editor): void {
  if (editor.state.asking.get()) editor.state.asking.set(null);
  else if (toolOf(editor).cancel?.()) return;
  else if (editor.prompter.isOpen) editor.prompter.cancel();
  else editor.state.selected.set(null);
  editor.state.notice.set(null);
}

export function toggle(editor: Editor, what: "hidden" | "lockedObjects", id: string): void {
  editor.state[what].update((before) => {
    const next = new Set(before);
    if (!next.delete(id)) next.add(id);
    return next;
  });
}
