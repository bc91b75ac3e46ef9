/** What is done to a mask after the model, step by step. Pure: recipes and masks are values. */
import { runsOf } from "../masks/decoded";
import { patchBetween, patched } from "../masks/patch";
import { isTidying, tidied, type PostRules } from "../masks/post";
import { areaOf, encodeCounts, type RleMask, type Runs } from "../masks/rle";
import { combineRuns, emptyRuns } from "../masks/sets";
import type { MaskRecord } from "./records";
import type { CombineStep, PaintStep, PostStep, Recipe, RecipeStep } from "./recipe";

export type Size = [number, number];

export interface Painted {
  add: Runs;
  remove: Runs;
}

/** A mask and how it was made. */
export interface Made {
  runs: Runs;
  recipe: Recipe;
}

/** A mask whose making nobody recorded becomes the first thing painted. */
export function madeOf(mask: MaskRecord, recipe: Recipe | null): Made {
  const add = { size: mask.size, counts: mask.counts };
  const first: Recipe = { version: 1, steps: [{ type: "paint", add, remove: null }] };
  const known = recipe && recipe.steps.length > 0;
  return { runs: runsOf(mask), recipe: known ? recipe : first };
}

export const nothingMade = (size: Size): Made => ({
  runs: emptyRuns(size),
  recipe: { version: 1, steps: [] },
});

/** Strokes in a row are one step, as large as their sum. */
export function withPaint({ runs, recipe }: Made, { add, remove }: Painted, size: Size): Made {
  const last = recipe.steps.at(-1);
  const folds = last && isPaint(last) && !last.polygon;
  const before = folds ? paintedOf(last, size) : null;
  const step: PaintStep = {
    type: "paint",
    add: maskOf(before ? laidOver(before.add, { add, remove }) : add, size),
    remove: maskOf(before ? laidOver(before.remove, { add: remove, remove: add }) : remove, size),
  };
  const kept = folds ? recipe.steps.slice(0, -1) : recipe.steps;
  return { runs: laidOver(runs, { add, remove }), recipe: { version: 1, steps: [...kept, step] } };
}

/** A polygon is a step of its own, which can be opened again as long as it is the last one. */
export function withPolygon(
  { runs, recipe }: Made,
  polygon: readonly number[],
  painted: Painted,
  size: Size,
): Made {
  const after = laidOver(runs, painted);
  const step: PaintStep = {
    type: "paint",
    add: maskOf(painted.add, size),
    remove: maskOf(painted.remove, size),
    polygon: [...polygon],
    changed: patchBetween(runs, after, size[0]),
  };
  return { runs: after, recipe: { version: 1, steps: [...recipe.steps, step] } };
}

/** The polygon that was drawn last, and what there was before it; null when it is none. */
export function beforePolygon(made: Made, size: Size): (Made & { step: PaintStep }) | null {
  const step = made.recipe.steps.at(-1);
  if (!step || !isPaint(step) || !step.polygon) return null;
  const runs = step.changed ? patched(made.runs, step.changed, size) : made.runs;
  return { runs, recipe: { version: 1, steps: made.recipe.steps.slice(0, -1) }, step };
}

export function rulesOf(recipe: Recipe | null): PostRules {
  const step = recipe?.steps.find(isPost);
  if (!step) return {};
  const { type: _type, changed: _changed, ...rules } = step;
  return rules;
}

/** Other rules instead of those that were there; no rules at all take the step out. */
export function withRules(made: Made, rules: PostRules, size: Size): Made {
  const { runs, recipe } = withoutRules(made, size);
  if (!isTidying(rules)) return { runs, recipe };
  const after = tidied(runs, size, rules);
  const step: PostStep = { type: "post", ...rules, changed: patchBetween(runs, after, size[0]) };
  return { runs: after, recipe: { version: 1, steps: [...recipe.steps, step] } };
}

function withoutRules({ runs, recipe }: Made, size: Size): Made {
  const at = recipe.steps.findLastIndex(isPost);
  if (at < 0) return { runs, recipe };
  const step = recipe.steps[at] as PostStep;
  const steps = recipe.steps.filter((_, index) => index !== at);
  // What was painted later stays as it was painted; elsewhere the tidying is turned back.
  const later = recipe.steps.slice(at + 1).filter(isPaint);
  const before = step.changed ? patched(runs, step.changed, size) : runs;
  const painted = later.reduce((mask, one) => laidOver(mask, paintedOf(one, size)), before);
  return withoutRules({ runs: painted, recipe: { version: 1, steps } }, size);
}

/** What was done after the model's last answer, and still holds when it answers anew. */
export function stepsByHand(recipe: Recipe | null): RecipeStep[] {
  const steps = recipe?.steps ?? [];
  return steps.slice(steps.findLastIndex((step) => step.type === "decode") + 1);
}

/** The same steps on another mask. */
export function replayed(made: Made, steps: readonly RecipeStep[], size: Size): Made {
  return steps.reduce<Made>((so, step) => {
    if (isPost(step)) return withRules(so, rulesOf({ version: 1, steps: [step] }), size);
    if (!isPaint(step)) return { ...so, recipe: { version: 1, steps: [...so.recipe.steps, step] } };
    const painted = paintedOf(step, size);
    if (step.polygon) return withPolygon(so, step.polygon, painted, size);
    return withPaint(so, painted, size);
  }, made);
}

/** Names the objects a mask was made of; what that did to its pixels is painted. */
export function withSources(
  { runs, recipe }: Made,
  op: CombineStep["op"],
  sources: readonly { id: string; version: number }[],
): Made {
  const names = sources.map(({ id, version }) => `${id}@${version}`);
  const step: CombineStep = { type: "combine", op, sources: names };
  const known = JSON.stringify(recipe.steps.at(-1)) === JSON.stringify(step);
  return { runs, recipe: known ? recipe : { version: 1, steps: [...recipe.steps, step] } };
}

export function laidOver(runs: Runs, { add, remove }: Painted): Runs {
  return combineRuns(combineRuns(runs, add, "union"), remove, "subtract");
}

const isPaint = (step: RecipeStep): step is PaintStep => step.type === "paint";
const isPost = (step: RecipeStep): step is PostStep => step.type === "post";

function paintedOf({ add, remove }: PaintStep, size: Size): Painted {
  const runs = (mask: RleMask | null) => (mask ? runsOf(mask) : emptyRuns(size));
  return { add: runs(add), remove: runs(remove) };
}

function maskOf(runs: Runs, size: Size): RleMask | null {
  return areaOf(runs) === 0 ? null : { size, counts: encodeCounts(runs) };
}
