/** The wire's short form of a changed recipe: what stays, and what follows it. */
import { runsOf } from "../masks/decoded";
import { patchBetween, type MaskPatch } from "../masks/patch";
import type { RleMask } from "../masks/rle";
import { emptyRuns } from "../masks/sets";
import type { PaintStep, Recipe, RecipeStep } from "./recipe";

type Size = readonly [number, number];

/** How the painted step in its place changed. */
interface PaintPatch {
  type: "paint";
  add_patch: MaskPatch | null;
  remove_patch: MaskPatch | null;
}

export interface RecipePatch {
  /** So many steps stay. */
  keep: number;
  steps: (RecipeStep | PaintPatch)[];
}

export function recipePatch(before: Recipe | null, after: Recipe, size: Size): RecipePatch | null {
  const old = before?.steps ?? [];
  let keep = 0;
  while (keep < old.length && keep < after.steps.length && old[keep] === after.steps[keep]) {
    keep += 1;
  }
  const steps: (RecipeStep | PaintPatch)[] = after.steps.slice(keep);
  const [was, is] = [old[keep], after.steps[keep]];
  if (was && is && isStroke(was) && isStroke(is)) {
    steps[0] = {
      type: "paint",
      add_patch: between(was.add, is.add, size),
      remove_patch: between(was.remove, is.remove, size),
    };
  }
  return keep === 0 && steps[0] === after.steps[0] ? null : { keep, steps };
}

const isStroke = (step: RecipeStep): step is PaintStep => step.type === "paint" && !step.polygon;

function between(was: RleMask | null, is: RleMask | null, size: Size): MaskPatch | null {
  const runs = (mask: RleMask | null) => (mask ? runsOf(mask) : emptyRuns(size));
  return patchBetween(runs(was), runs(is), size[0]);
}
