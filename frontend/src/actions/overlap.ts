/** Whose a pixel is: where objects may not overlap, what is new takes only what is free. */
import { withSources, type Made, type Size } from "../document/painted";
import { runsOf } from "../masks/decoded";
import { areaOf, bboxOf, type Runs } from "../masks/rle";
import { boxesMeet, combineRuns, sharedArea } from "../masks/sets";
import type { Editor } from "./editor";

/** By the project's rule, or because the person wants it so. */
export function onlyEmpty({ state }: Editor): boolean {
  return state.onlyEmpty.get() || state.project.get()?.overlap_rule === "exclusive";
}

/** The mask without what others have, and those others named in its recipe. */
export function onFreePixels(editor: Editor, made: Made, size: Size, own: string | null): Made {
  const runs = freePixels(editor, made.runs, size, own);
  if (areaOf(runs) === areaOf(made.runs)) return made;
  const others = inTheWay(editor, made.runs, size, own);
  const named = others.filter(({ mask }) => sharedArea(runsOf(mask), made.runs) > 0);
  return { ...withSources(made, "subtract", named), runs };
}

/** The pixels that no other object has, where overlapping is not wanted; else all of them. */
export function freePixels(editor: Editor, runs: Runs, size: Size, own: string | null): Runs {
  if (!onlyEmpty(editor) || areaOf(runs) === 0) return runs;
  return inTheWay(editor, runs, size, own).reduce(
    (free, { mask }) => combineRuns(free, runsOf(mask), "subtract"),
    runs,
  );
}

function inTheWay({ document }: Editor, runs: Runs, size: Size, own: string | null) {
  const bbox = bboxOf(runs, size[0]);
  return document.list().filter(({ id, mask }) => id !== own && boxesMeet(mask.bbox, bbox));
}
