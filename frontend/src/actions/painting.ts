/** Pixels drawn by hand: onto the open prompt's mask, the selected object, or a new one. */
import { add, remove, update } from "../document/diff";
import {
  beforePolygon,
  madeOf,
  nothingMade,
  withPaint,
  withPolygon,
  type Made,
  type Painted,
  type Size,
} from "../document/painted";
import { maskOf, type AnnotationRecord } from "../document/records";
import { pointsOf } from "../geometry/polyline";
import type { Dab } from "../geometry/draft";
import type { Point } from "../geometry/spaces";
import { polygonRuns } from "../masks/polygon";
import { areaOf, bitmapToRuns, type Runs } from "../masks/rle";
import { emptyRuns } from "../masks/sets";
import { strokeBitmap } from "../masks/stroke";
import type { Editor } from "./editor";
import { newRecord, take } from "./objects";
import { freePixels } from "./overlap";

/** What is done to a mask, and where the hand began. */
interface Drawing {
  painted: Painted;
  start: Point;
  /** Set when it was drawn as a polygon. */
  polygon?: readonly number[];
}

/** A stroke of the brush, or of the eraser. */
export function paintStroke(editor: Editor, dabs: readonly Dab[], erases: boolean): void {
  const size = sizeOf(editor);
  const bitmap = size && strokeBitmap(dabs, size);
  if (!size || !bitmap) return;
  const painted = paintedOf(bitmapToRuns(bitmap, size), erases, size);
  onPromptTaken(editor, () => draw(editor, { painted, start: dabs[0]! }, size));
}

/** A closed polygon; `reopened` names the object whose last step it replaces. */
export function fillPolygon(
  editor: Editor,
  polygon: readonly number[],
  erases: boolean,
  reopened: string | null,
): void {
  const size = sizeOf(editor);
  if (!size) return;
  const drawing = {
    painted: paintedOf(polygonRuns(polygon, size), erases, size),
    start: pointsOf(polygon)[0]!,
    polygon,
  };
  const target = reopened ? editor.document.get(reopened) : undefined;
  const before = target && beforePolygon(madeOf(target.mask, target.recipe), size);
  if (target && before) put(editor, target, drawn(editor, before, drawing, size, target.id));
  else onPromptTaken(editor, () => draw(editor, drawing, size));
}

/** Opens the polygon that was an object's last step. */
export function reopenPolygon(editor: Editor, annotation: AnnotationRecord): boolean {
  const before = beforePolygon(madeOf(annotation.mask, annotation.recipe), annotation.mask.size);
  if (!before) return false;
  const { polygon, add: added } = before.step;
  editor.prompter.cancel();
  editor.state.tool.set("polygon");
  editor.state.selected.set(annotation.id);
  editor.tools.polygon.edit(polygon!, added === null, annotation.id);
  return true;
}

/** The mask of an open prompt is what is drawn on: it becomes an object first. */
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

function draw(editor: Editor, drawing: Drawing, size: Size): void {
  const { state, document } = editor;
  const { painted, start } = drawing;
  const erases = areaOf(painted.add) === 0;
  const id = state.selected.get() ?? (erases ? editor.annotationAt(start.x, start.y) : null);
  const target = id ? document.get(id) : undefined;
  if (!target && erases) return editor.say("Select the object to take it from.", "warn");
  if (!target) return make(editor, drawn(editor, nothingMade(size), drawing, size, null));
  state.selected.set(target.id);
  put(editor, target, drawn(editor, madeOf(target.mask, target.recipe), drawing, size, target.id));
}

function drawn(
  editor: Editor,
  before: Made,
  { painted, polygon }: Drawing,
  size: Size,
  id: string | null,
): Made {
  const free = { ...painted, add: freePixels(editor, painted.add, size, id) };
  return polygon ? withPolygon(before, polygon, free, size) : withPaint(before, free, size);
}

/** Gives an object other pixels; one that is wiped out is put away.. */
export function put(editor: Editor, target: AnnotationRecord, { runs, recipe }: Made): void {
  if (editor.state.lockedObjects.get().has(target.id)) {
    return editor.say("This object is locked.", "warn");
  }
  const mask = maskOf(runs, target.mask.size);
  if (mask.area === 0) {
    editor.document.apply(remove(target), "local");
    editor.state.selected.set(null);
  } else {
    editor.document.apply(update(target, { mask, recipe }), "local");
  }
}

function make(editor: Editor, { runs, recipe }: Made): void {
  const image = editor.state.image.get()?.record;
  if (!image) return;
  if (areaOf(runs) === 0) return editor.say("There is no free pixel there.", "warn");
  const record = newRecord(editor, image.id, maskOf(runs, [image.height, image.width]), recipe);
  editor.document.apply(add(record), "local");
  // The next stroke goes on with it; Enter or Escape ends it.
  editor.state.selected.set(record.id);
}

function paintedOf(runs: Runs, erases: boolean, size: Size): Painted {
  const nothing = emptyRuns(size);
  return erases ? { add: nothing, remove: runs } : { add: runs, remove: nothing };
}

export function sizeOf(editor: Editor): Size | null {
  const image = editor.state.image.get()?.record;
  return image ? [image.height, image.width] : null;
}
