/** What a person does to objects: accept, delete, relabel, reopen, undo and redo. */
import { add, update } from "../document/diff";
import type { AnnotationRecord } from "../document/records";
import { areaOf, bboxOf, encodeCounts } from "../masks/rle";
import { uuid7 } from "../sync/ids";
import { attributesFor } from "./attributes";
import type { Editor } from "./editor";
import { chosenOf, deleteChosen, relabelChosen } from "./selection";

/** Takes the prompt's mask as an object and arms the next one with the same label. */
export function accept(editor: Editor): void {
  const view = editor.prompter.view.get();
  if (view.kind !== "prompt") return;
  if (!view.mask || view.waiting) {
    editor.say("The mask is on its way; accept it when it is there.", "plain");
    return;
  }
  editor.prompter.whenFine(() => take(editor));
}

function take(editor: Editor): void {
  const image = editor.state.image.get()?.record;
  const taken = image && editor.prompter.take();
  if (!taken) return;
  const area = areaOf(taken.runs);
  if (area === 0) {
    editor.say("That mask was empty, so nothing was added. Click on the object.", "warn");
    return;
  }
  const mask = {
    size: [image.height, image.width] as [number, number],
    counts: encodeCounts(taken.runs),
    area,
    bbox: bboxOf(taken.runs, image.height),
  };
  const { recipe } = taken;
  const reopened = taken.reopened ? editor.document.get(taken.reopened) : undefined;
  if (reopened) {
    const label = editor.state.label.get() ?? reopened.label;
    editor.document.apply(update(reopened, { mask, recipe, label }), "local");
    editor.state.selected.set(reopened.id);
    return;
  }
  editor.document.apply(add(newRecord(editor, image.id, mask, recipe)), "local");
  editor.state.selected.set(null);
}

function newRecord(
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
  if (editor.prompter.isOpen) return editor.prompter.cancel();
  const id = editor.state.selected.get() ?? editor.state.hovered.get() ?? underPointer(editor);
  if (!id || !editor.document.get(id)) return;
  editor.state.selected.set(id);
  deleteChosen(editor);
}

function underPointer(editor: Editor): string | null {
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
  if (editor.prompter.undo()) return;
  const { skipped } = editor.history.undo();
  if (skipped.length > 0) editor.say("Somebody else changed that object since; it stays.", "warn");
}

export function redo(editor: Editor): void {
  if (editor.prompter.redo()) return;
  const { skipped } = editor.history.redo();
  if (skipped.length > 0) editor.say("Somebody else changed that object since; it stays.", "warn");
}

export function escape(editor: Editor): void {
  if (editor.state.asking.get()) editor.state.asking.set(null);
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
