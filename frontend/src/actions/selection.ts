/**
 * Selecting several objects. `selected` is the one the panels show; `chosen` counts only while it
 * holds that one, so whoever sets `selected` alone has selected a single object.
 */
import { remove, type Diff } from "../document/diff";
import type { AnnotationRecord } from "../document/records";
import { search, type Found } from "../document/search";
import { attributesFor } from "./attributes";
import type { Editor } from "./editor";

/** The selected objects, the one shown in the panels among them; empty when none is. */
export function chosenOf(editor: Editor): readonly AnnotationRecord[] {
  const ids = chosenIds(editor);
  if (ids.size > 1) return editor.document.list().filter((annotation) => ids.has(annotation.id));
  const only = editor.document.get(editor.state.selected.get() ?? "");
  return only ? [only] : [];
}

const NONE: ReadonlySet<string> = new Set();

export function chosenIds(editor: Editor): ReadonlySet<string> {
  const selected = editor.state.selected.get();
  if (!selected) return NONE;
  const chosen = editor.state.chosen.get();
  return chosen.has(selected) ? chosen : new Set([selected]);
}

export function isChosen(editor: Editor, id: string): boolean {
  return chosenIds(editor).has(id);
}

/** Selects these; the last becomes the one the panels show. */
export function choose(editor: Editor, ids: Iterable<string>, add = false): void {
  const before = add ? chosenOf(editor).map((annotation) => annotation.id) : [];
  const chosen = new Set([...before, ...ids]);
  editor.state.chosen.set(chosen);
  editor.state.selected.set([...chosen].at(-1) ?? null);
}

/** Ctrl+click: one more, or one less. */
export function toggleChosen(editor: Editor, id: string): void {
  if (!isChosen(editor, id)) return choose(editor, [id], true);
  choose(
    editor,
    chosenOf(editor)
      .map((annotation) => annotation.id)
      .filter((other) => other !== id),
  );
}

/** Shift+click in a list: everything between the selected one and this one. */
export function chooseRange(editor: Editor, order: readonly string[], id: string): void {
  const from = order.indexOf(editor.state.selected.get() ?? id);
  const to = order.indexOf(id);
  if (from < 0 || to < 0) return choose(editor, [id]);
  const [low, high] = from < to ? [from, to] : [to, from];
  const range = order.slice(low, high + 1);
  // The one that was selected stays the end the next range starts from.
  choose(editor, from < to ? range.reverse() : range);
}

/** The objects the list shows: those that search and filter leave over. */
export function searched(editor: Editor): readonly Found[] {
  const { filter, labels, hidden, lockedObjects } = editor.state;
  return search(editor.document.list(), filter.get(), {
    labels: labels.get(),
    hidden: hidden.get(),
    locked: lockedObjects.get(),
  });
}

/** The objects that may be changed, or none, with the reason said. */
export function changeable(editor: Editor): readonly AnnotationRecord[] {
  const chosen = chosenOf(editor);
  if (chosen.length === 0) return [];
  const reason = editor.locked();
  const locked = editor.state.lockedObjects.get();
  const free = chosen.filter((annotation) => !locked.has(annotation.id));
  if (reason) editor.say(reason, "warn");
  else if (free.length < chosen.length) {
    const kept = chosen.length - free.length;
    editor.say(`${kept === 1 ? "1 object is" : `${kept} objects are`} locked and stay.`, "warn");
  }
  return reason ? [] : free;
}

/** One change and one step of undo, however many they are. */
export function deleteChosen(editor: Editor): void {
  const removed = changeable(editor);
  if (removed.length === 0) return;
  editor.document.apply(merged(removed.map(remove)), "local");
  editor.state.selected.set(null);
  editor.state.hovered.set(null);
}

export function relabelChosen(editor: Editor, label: string): void {
  const updated = changeable(editor)
    .filter((annotation) => annotation.label !== label)
    .map((before): [AnnotationRecord, AnnotationRecord] => [
      before,
      { ...before, label, attributes: attributesFor(editor, label, before.attributes) },
    ]);
  if (updated.length > 0) editor.document.apply({ added: [], updated, removed: [] }, "local");
}

/** Hides the selected ones; when all are hidden already, shows them. */
export function toggleChosenIn(editor: Editor, what: "hidden" | "lockedObjects"): void {
  const ids = chosenOf(editor).map((annotation) => annotation.id);
  if (ids.length === 0) return;
  editor.state[what].update((before) => {
    const next = new Set(before);
    const all = ids.every((id) => next.has(id));
    for (const id of ids) {
      if (all) next.delete(id);
      else next.add(id);
    }
    return next;
  });
}

/** Hides everything but the selected ones; a second time shows all again. */
export function solo(editor: Editor): void {
  const chosen = new Set(chosenOf(editor).map((annotation) => annotation.id));
  if (chosen.size === 0) return;
  const others = editor.document
    .list()
    .map((annotation) => annotation.id)
    .filter((id) => !chosen.has(id));
  const hidden = editor.state.hidden.get();
  const alone = others.every((id) => hidden.has(id)) && ![...chosen].some((id) => hidden.has(id));
  editor.state.hidden.set(new Set(alone ? [] : others));
}

/** Ids of the objects whose box touches a rectangle of the image, hidden and locked ones apart. */
export function touching(
  editor: Editor,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
): string[] {
  const { hidden, lockedObjects } = editor.state;
  return editor.document
    .list()
    .filter(({ id, mask: { bbox } }) => {
      if (hidden.get().has(id) || lockedObjects.get().has(id)) return false;
      const [x, y, width, height] = bbox;
      return x < x1 && y < y1 && x + width > x0 && y + height > y0;
    })
    .map((annotation) => annotation.id);
}

function merged(diffs: readonly Diff[]): Diff {
  return {
    added: diffs.flatMap((diff) => diff.added),
    updated: diffs.flatMap((diff) => diff.updated),
    removed: diffs.flatMap((diff) => diff.removed),
  };
}
