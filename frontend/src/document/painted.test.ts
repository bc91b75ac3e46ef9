import { describe, expect, it } from "vitest";

import { die, randomRuns, type Size } from "../masks/pixels.fixtures";
import { emptyRuns } from "../masks/sets";
import { laidOver, replayed, stepsByHand, withPaint } from "./painted";
import type { DecodeStep, Recipe } from "./recipe";

const SIZE: Size = [9, 7];
const decode = { type: "decode" } as DecodeStep;

describe("strokes in a recipe", () => {
  it("are one step however many they are, and it does to any mask what they did one by one", () => {
    const roll = die(5);
    for (let round = 0; round < 60; round += 1) {
      const strokes = Array.from({ length: 4 }, () => {
        const drawn = randomRuns(roll, SIZE);
        const none = emptyRuns(SIZE);
        return roll() < 0.5 ? { add: drawn, remove: none } : { add: none, remove: drawn };
      });
      const start: Recipe = { version: 1, steps: [decode] };
      const recipe = strokes.reduce((so, stroke) => withPaint(so, stroke, SIZE), start);
      expect(recipe.steps.map((step) => step.type)).toEqual(["decode", "paint"]);
      const mask = randomRuns(roll, SIZE);
      expect(replayed(mask, stepsByHand(recipe), SIZE)).toEqual(strokes.reduce(laidOver, mask));
    }
  });

  it("before the model's last answer are in that answer already", () => {
    const paint = { type: "paint", add: null, remove: null } as const;
    expect(stepsByHand({ version: 1, steps: [paint, decode] })).toEqual([]);
    expect(stepsByHand(null)).toEqual([]);
  });
});
