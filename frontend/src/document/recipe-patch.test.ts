import { describe, expect, it } from "vitest";

import { runsOf } from "../masks/decoded";
import { patched } from "../masks/patch";
import { die, randomRuns, type Size } from "../masks/pixels.fixtures";
import { emptyRuns } from "../masks/sets";
import { nothingMade, withPaint, withRules } from "./painted";
import type { PaintStep } from "./recipe";
import { recipePatch } from "./recipe-patch";

const SIZE: Size = [9, 7];

describe("a recipe's patch", () => {
  it("says the stroke and not the painting", () => {
    const roll = die(12);
    for (let round = 0; round < 40; round += 1) {
      const none = emptyRuns(SIZE);
      const first = withPaint(
        nothingMade(SIZE),
        { add: randomRuns(roll, SIZE), remove: none },
        SIZE,
      );
      const second = withPaint(first, { add: none, remove: randomRuns(roll, SIZE) }, SIZE);
      const patch = recipePatch(first.recipe, second.recipe, SIZE)!;
      expect([patch.keep, patch.steps.length]).toEqual([0, 1]);
      const step = patch.steps[0] as { add_patch: null; remove_patch: null };
      const [was, is] = [first, second].map(({ recipe }) => recipe.steps[0] as PaintStep);
      for (const side of ["add", "remove"] as const) {
        const before = was![side] ? runsOf(was![side]) : none;
        const turned = step[`${side}_patch`]
          ? patched(before, step[`${side}_patch`]!, SIZE)
          : before;
        expect(turned).toEqual(is![side] ? runsOf(is![side]) : none);
      }
    }
  });

  it("keeps what stays, and is none where nothing does", () => {
    const roll = die(13);
    const add = randomRuns(roll, SIZE);
    const made = withPaint(nothingMade(SIZE), { add, remove: emptyRuns(SIZE) }, SIZE);
    const tidy = withRules(made, { smooth: 1 }, SIZE);
    expect(recipePatch(made.recipe, tidy.recipe, SIZE)).toEqual({
      keep: 1,
      steps: tidy.recipe.steps.slice(1),
    });
    expect(recipePatch(tidy.recipe, made.recipe, SIZE)).toEqual({ keep: 1, steps: [] });
    expect(recipePatch(null, made.recipe, SIZE)).toBeNull();
  });
});
