/** Pixels drawn by hand: onto the open prompt's mask, the selected object, or a new one. */
import { laidOver, recipeOfMask, withPaint, type Painted } from "../document/painted";
import { add, remove, update } from "../document/diff";
import { maskOf, type AnnotationRecord } from "../document/records";
import type { Dab } from "../geometry/draft";
import { runsOf } from "../masks/decoded";
import { areaOf, bitmapToRuns, type Runs } from "../masks/rle";
import { emptyRuns } from "../masks/sets";
import { strokeBitmap } from "../masks/stroke";
import type { Editor } from "./editor";
import { newRecord, take } from "./objects";

type Size = [number, number];

/** A stroke of the brush, or of the eraser. */
export function paintStroke(editor: Editor, dabs: readonly Dab[], erases: boolean): void {
  const size = imageSize(editor);
  const bitmap = size && strokeBitmap(dabs, size);
  if (!size || !bitmap) return;
  const drawn = bitmapToRuns(bitmap, size);
  const nothing = emptyRuns(size);
  const painted = erases ? { add: nothing, remove: drawn } : { add: drawn, remove: nothing };
  onPromptTaken(editor, () => paintOnto(editor, painted, dabs[0]!));
}

/** The mask of an open prompt is what is painted on: it becomes an object first. */
function onPromptTaken(editor: Editor, next: () => void): void {
  const { prompter, state } = editor;
  if (!prompter.isOpen) return next();
  prompter.whenFine(() => {
    const id = take(editor);
    if (!id) return;
    state.selected.set(id);
    next();
  });
}

function paintOnto(editor: Editor, painted: Painted, { x, y }: Dab): void {
  const { state, document } = editor;
  const erases = areaOf(painted.add) === 0;
  const id = state.selected.get() ?? (erases ? editor.annotationAt(x, y) : null);
  const target = id ? document.get(id) : undefined;
  if (!target && erases) return editor.say("Select the object to erase from.", "warn");
  if (target) {
    state.selected.set(target.id);
    repaint(editor, target, painted);
  } else {
    makeOf(editor, painted.add);
  }
}

/** Changes an object's pixels; one that is wiped out is put away. */
function repaint(editor: Editor, target: AnnotationRecord, painted: Painted): void {
  if (editor.state.lockedObjects.get().has(target.id)) {
    return editor.say("This object is locked.", "warn");
  }
  const before = runsOf(target.mask);
  const after = laidOver(before, painted);
  const { size } = target.mask;
  if (areaOf(after) === 0) {
    editor.document.apply(remove(target), "local");
    editor.state.selected.set(null);
    return;
  }
  const mask = maskOf(after, size);
  if (mask.counts === target.mask.counts) return;
  const recipe = withPaint(target.recipe ?? recipeOfMask(target.mask), painted, size);
  editor.document.apply(update(target, { mask, recipe }), "local");
}

function makeOf(editor: Editor, runs: Runs): void {
  const image = editor.state.image.get()?.record;
  if (!image || areaOf(runs) === 0) return;
  const size: Size = [image.height, image.width];
  const painted = { add: runs, remove: emptyRuns(size) };
  const recipe = withPaint({ version: 1, steps: [] }, painted, size);
  const record = newRecord(editor, image.id, maskOf(runs, size), recipe);
  editor.document.apply(add(record), "local");
  // The next stroke goes on with it; Enter or Escape ends it.
  editor.state.selected.set(record.id);
}

function imageSize(editor: Editor): Size | null {
  const image = editor.state.image.get()?.record;
  return image ? [image.height, image.width] : null;
}
