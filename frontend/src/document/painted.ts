/** Strokes in a recipe. Pure: recipes and masks are values. */
import { runsOf } from "../masks/decoded";
import { areaOf, encodeCounts, type RleMask, type Runs } from "../masks/rle";
import { combineRuns, emptyRuns } from "../masks/sets";
import type { MaskRecord } from "./records";
import type { PaintStep, Recipe, RecipeStep } from "./recipe";

type Size = [number, number];

export interface Painted {
  add: Runs;
  remove: Runs;
}

/** A mask whose making nobody recorded becomes the first thing painted. */
export function recipeOfMask(mask: MaskRecord): Recipe {
  const add = { size: mask.size, counts: mask.counts };
  return { version: 1, steps: [{ type: "paint", add, remove: null }] };
}

/** The recipe with what was painted last; strokes in a row are one step, as large as their sum. */
export function withPaint(recipe: Recipe, { add, remove }: Painted, size: Size): Recipe {
  const last = recipe.steps.at(-1);
  const folds = last?.type === "paint";
  const before = folds ? paintedOf(last as PaintStep, size) : null;
  const step: PaintStep = {
    type: "paint",
    add: maskOf(before ? laidOver(before.add, { add, remove }) : add, size),
    remove: maskOf(before ? laidOver(before.remove, { add: remove, remove: add }) : remove, size),
  };
  const kept = folds ? recipe.steps.slice(0, -1) : recipe.steps;
  return { version: 1, steps: [...kept, step] };
}

/** What was done by hand after the model's last answer, and still holds when it answers anew. */
export function stepsByHand(recipe: Recipe | null): RecipeStep[] {
  const steps = recipe?.steps ?? [];
  const lastDecode = steps.findLastIndex((step) => step.type === "decode");
  return steps.slice(lastDecode + 1).filter((step) => step.type === "paint");
}

export function replayed(runs: Runs, steps: readonly RecipeStep[], size: Size): Runs {
  return steps.reduce(
    (mask, step) =>
      step.type === "paint" ? laidOver(mask, paintedOf(step as PaintStep, size)) : mask,
    runs,
  );
}

export function laidOver(runs: Runs, { add, remove }: Painted): Runs {
  return combineRuns(combineRuns(runs, add, "union"), remove, "subtract");
}

function paintedOf({ add, remove }: PaintStep, size: Size): Painted {
  const runs = (mask: RleMask | null) => (mask ? runsOf(mask) : emptyRuns(size));
  return { add: runs(add), remove: runs(remove) };
}

function maskOf(runs: Runs, size: Size): RleMask | null {
  return areaOf(runs) === 0 ? null : { size, counts: encodeCounts(runs) };
}
