/** Attributes of objects: setting one, and finding objects that still lack a required one. */
import { missingIn, withDefaults, type AttributeValue } from "../document/attributes";
import { update } from "../document/diff";
import type { AnnotationRecord, LabelRecord } from "../document/records";
import type { Editor } from "./editor";

export function labelOf(editor: Editor, id: string | null): LabelRecord | undefined {
  return editor.state.labels.get().find((label) => label.id === id);
}

/** Attributes an object of this label begins with. */
export function attributesFor(editor: Editor, label: string | null, values = {}) {
  return withDefaults(labelOf(editor, label), values);
}

/** Says (or, with null, takes back) the value of one attribute. */
export function setAttribute(
  editor: Editor,
  id: string,
  name: string,
  value: AttributeValue | null,
): void {
  const annotation = editor.document.get(id);
  const reason = editor.locked();
  if (!annotation || (annotation.attributes[name] ?? null) === value) return;
  if (reason) return editor.say(reason, "warn");
  if (editor.state.lockedObjects.get().has(id)) return editor.say("This object is locked.", "warn");
  const { [name]: _before, ...others } = annotation.attributes;
  const attributes = value === null ? others : { ...others, [name]: value };
  editor.document.apply(update(annotation, { attributes }), "local");
}

/** The first object that lacks required attributes, and their names. */
export function firstIncomplete(
  editor: Editor,
): { annotation: AnnotationRecord; number: number; missing: string[] } | null {
  const list = editor.document.list();
  for (const [at, annotation] of list.entries()) {
    const missing = missingIn(labelOf(editor, annotation.label), annotation.attributes);
    if (missing.length > 0) return { annotation, number: at + 1, missing };
  }
  return null;
}

/** Selects the first object that keeps the image from being submitted; false when none does. */
export function pointAtIncomplete(editor: Editor): boolean {
  const found = firstIncomplete(editor);
  if (!found) return false;
  const { annotation, number, missing } = found;
  editor.state.selected.set(annotation.id);
  const name = labelOf(editor, annotation.label)?.name ?? "no label";
  editor.say(`Object ${number} (${name}) lacks ${missing.join(", ")}. It is selected.`, "warn");
  return true;
}

/** Labels as they are now: a manager may change them while people work. */
export function takeLabels(editor: Editor, incoming: readonly LabelRecord[]): void {
  if (incoming.length === 0) return;
  const known = new Map(editor.state.labels.get().map((label) => [label.id, label]));
  for (const label of incoming) {
    if (label.deleted) known.delete(label.id);
    else known.set(label.id, label);
  }
  const usable = [...known.values()].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
  editor.state.labels.set(usable);
}
