import { describe, expect, it } from "vitest";

import { die, randomRuns, type Size } from "../masks/pixels.fixtures";
import { tidied } from "../masks/post";
import type { Runs } from "../masks/rle";
import { emptyRuns } from "../masks/sets";
import {
  beforePolygon,
  laidOver,
  madeOf,
  nothingMade,
  replayed,
  rulesOf,
  stepsByHand,
  withPaint,
  withPolygon,
  withRules,
  type Made,
  type Painted,
} from "./painted";
import type { DecodeStep } from "./recipe";
import { maskOf } from "./records";

const SIZE: Size = [9, 7];
const decode = { type: "decode" } as DecodeStep;

function strokes(roll: () => number, count: number): Painted[] {
  const none = emptyRuns(SIZE);
  return Array.from({ length: count }, () => {
    const drawn = randomRuns(roll, SIZE);
    return roll() < 0.5 ? { add: drawn, remove: none } : { add: none, remove: drawn };
  });
}

const decoded = (runs: Runs): Made => ({ runs, recipe: { version: 1, steps: [decode] } });
const kinds = ({ recipe }: Made) => recipe.steps.map((step) => step.type);

describe("strokes in a recipe", () => {
  it("are one step however many they are, and it does to any mask what they did one by one", () => {
    const roll = die(5);
    for (let round = 0; round < 60; round += 1) {
      const drawn = strokes(roll, 4);
      const made = drawn.reduce(
        (so, stroke) => withPaint(so, stroke, SIZE),
        decoded(randomRuns(roll, SIZE)),
      );
      expect(kinds(made)).toEqual(["decode", "paint"]);
      const mask = randomRuns(roll, SIZE);
      const again = replayed(decoded(mask), stepsByHand(made.recipe), SIZE);
      expect(again.runs).toEqual(drawn.reduce(laidOver, mask));
      expect(kinds(again)).toEqual(["decode", "paint"]);
    }
  });

  it("before the model's last answer are in that answer already", () => {
    const paint = { type: "paint", add: null, remove: null } as const;
    expect(stepsByHand({ version: 1, steps: [paint, decode] })).toEqual([]);
    expect(stepsByHand(null)).toEqual([]);
  });

  it("begin with the whole mask where nobody knows how it was made", () => {
    const roll = die(2);
    const runs = randomRuns(roll, SIZE);
    const [stroke] = strokes(roll, 1);
    const made = withPaint(madeOf(maskOf(runs, SIZE), null), stroke!, SIZE);
    expect(replayed(nothingMade(SIZE), made.recipe.steps, SIZE).runs).toEqual(made.runs);
  });
});

describe("tidying", () => {
  it("is taken out and changed at any time, as if it had never been", () => {
    const roll = die(8);
    for (let round = 0; round < 60; round += 1) {
      const plain = decoded(randomRuns(roll, SIZE));
      const once = withRules(plain, { fill_holes: true, smooth: 1 }, SIZE);
      const other = withRules(once, { largest_part: true }, SIZE);
      expect(other.runs).toEqual(tidied(plain.runs, SIZE, { largest_part: true }));
      expect(withRules(other, {}, SIZE)).toEqual(plain);
      expect(rulesOf(once.recipe)).toEqual({ fill_holes: true, smooth: 1 });
    }
  });

  it("leaves what was painted after it as it was painted", () => {
    const roll = die(9);
    for (let round = 0; round < 60; round += 1) {
      const plain = decoded(randomRuns(roll, SIZE));
      const [stroke] = strokes(roll, 1);
      const painted = withPaint(withRules(plain, { smooth: 1 }, SIZE), stroke!, SIZE);
      expect(withRules(painted, {}, SIZE).runs).toEqual(laidOver(plain.runs, stroke!));
    }
  });
});

describe("a polygon", () => {
  it("is taken out again as long as it is the last step", () => {
    const roll = die(4);
    for (let round = 0; round < 40; round += 1) {
      const plain = decoded(randomRuns(roll, SIZE));
      const [drawn, later] = strokes(roll, 2);
      const made = withPolygon(plain, [0, 0, 3, 0, 3, 3], drawn!, SIZE);
      const before = beforePolygon(made, SIZE);
      expect([before?.runs, before?.recipe]).toEqual([plain.runs, plain.recipe]);
      expect(before?.step.polygon).toEqual([0, 0, 3, 0, 3, 3]);
      expect(beforePolygon(withPaint(made, later!, SIZE), SIZE)).toBeNull();
    }
  });
});
