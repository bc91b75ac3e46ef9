/**
 * Objects made of objects: merge, subtract, split; and which lies above which. Each is one change
 * and one undo. The recipe names the sources with their versions and keeps the pixels as painted.
 */
import { madeOf, nothingMade, withPaint, withSources, type Painted } from "../document/painted";
import { maskOf, type AnnotationRecord } from "../document/records";
import type { CombineStep } from "../document/recipe";
import type { Dab } from "../geometry/draft";
import { runsOf } from "../masks/decoded";
import type { Runs } from "../masks/rle";
import { boxesMeet, combineRuns, emptyRuns, sharedArea } from "../masks/sets";
import { CUT_RADIUS, splitAlong } from "../masks/split";
import { strokeBitmap } from "../masks/stroke";
import { back, front } from "../document/stacking";
import type { Editor } from "./editor";
import { newRecord } from "./objects";
import { changeable } from "./selection";

type Updated = [AnnotationRecord, AnnotationRecord];

/** Joins the selected objects; the one shown in the panels keeps its label and attributes. */
export function merge(editor: Editor): void {
  const parts = changeable(editor);
  const kept = parts.find((one) => one.id === editor.state.selected.get()) ?? parts[0];
  const others = parts.filter((one) => one !== kept);
  if (!kept || others.length === 0) {
    return editor.say("Select two or more objects to merge (Ctrl+click adds one).");
  }
  const add = others.reduce<Runs>(
    (sum, { mask }) => combineRuns(sum, runsOf(mask), "union"),
    emptyRuns(kept.mask.size),
  );
  const after = combined(kept, "merge", others, { add, remove: emptyRuns(kept.mask.size) });
  editor.document.apply({ added: [], updated: [[kept, after]], removed: others }, "local");
  editor.state.selected.set(kept.id);
}

/** Takes the selected object's pixels from every other one that has some of them. */
export function subtract(editor: Editor): void {
  const [from] = changeable(editor);
  if (!from) return editor.say("Select the object whose pixels the others shall lose.");
  const own = runsOf(from.mask);
  const untouchable = editor.state.lockedObjects.get();
  const removed: AnnotationRecord[] = [];
  const updated: Updated[] = [];
  for (const other of editor.document.list()) {
    if (other.id === from.id || untouchable.has(other.id)) continue;
    if (!boxesMeet(other.mask.bbox, from.mask.bbox)) continue;
    if (sharedArea(runsOf(other.mask), own) === 0) continue;
    const nothing = emptyRuns(other.mask.size);
    const after = combined(other, "subtract", [from], { add: nothing, remove: own });
    if (after.mask.area === 0) removed.push(other);
    else updated.push([other, after]);
  }
  if (updated.length + removed.length === 0) return editor.say("No other object lies under it.");
  editor.document.apply({ added: [], updated, removed }, "local");
}

/** Cuts the selected object, or the one the line crosses most, along a line. */
export function cutAlong(editor: Editor, line: readonly Dab[]): void {
  const target = crossed(editor, line);
  if (!target) return editor.say("Draw the line across an object.", "warn");
  const { size } = target.mask;
  const cut = strokeBitmap(
    line.map((dab) => ({ ...dab, radius: CUT_RADIUS })),
    size,
  );
  const pieces = cut && splitAlong(runsOf(target.mask), cut, size);
  if (!pieces) return editor.say("The line must cross the whole object to cut it in two.", "warn");
  const gone = pieces
    .slice(1)
    .reduce((sum, piece) => combineRuns(sum, piece, "union"), emptyRuns(size));
  const rest = combined(target, "split", [target], { add: emptyRuns(size), remove: gone });
  const added = pieces.slice(1).map((piece) => {
    const made = withSources(nothingMade(size), "split", [target]);
    const { runs, recipe } = withPaint(made, { add: piece, remove: emptyRuns(size) }, size);
    const record = newRecord(editor, target.image, maskOf(runs, size), recipe);
    const { label, attributes, iscrowd } = target;
    return { ...record, label, attributes, iscrowd };
  });
  editor.document.apply({ added, updated: [[target, rest]], removed: [] }, "local");
}

export function bringToFront(editor: Editor): void {
  restack(editor, front);
}

export function sendToBack(editor: Editor): void {
  restack(editor, back);
}

function restack(editor: Editor, key: typeof front): void {
  const all = editor.document.list();
  const updated = changeable(editor).map((one): Updated => [one, { ...one, order_key: key(all) }]);
  if (updated.length > 0) editor.document.apply({ added: [], updated, removed: [] }, "local");
}

function crossed(editor: Editor, line: readonly Dab[]): AnnotationRecord | undefined {
  const [selected] = editor.state.selected.get() ? changeable(editor) : [];
  if (selected) return selected;
  const counts = new Map<string, number>();
  for (const { x, y } of line) {
    const id = editor.annotationAt(x, y);
    if (id) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most && editor.document.get(most[0]);
}

function combined(
  target: AnnotationRecord,
  op: CombineStep["op"],
  sources: readonly AnnotationRecord[],
  painted: Painted,
): AnnotationRecord {
  const made = withSources(madeOf(target.mask, target.recipe), op, sources);
  const { runs, recipe } = withPaint(made, painted, target.mask.size);
  return { ...target, mask: maskOf(runs, target.mask.size), recipe };
}
