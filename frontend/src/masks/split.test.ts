import { describe, expect, it } from "vitest";

import { die, rowsOf, runsWhere, type Size } from "./pixels.fixtures";
import { areaOf } from "./rle";
import { combineRuns, emptyRuns, sharedArea } from "./sets";
import { CUT_RADIUS, splitAlong } from "./split";
import { strokeBitmap } from "./stroke";

const SIZE: Size = [30, 40];
const block = runsWhere(SIZE, (x, y) => x >= 5 && x < 35 && y >= 5 && y < 25);
const line = (...points: [number, number][]) =>
  strokeBitmap(
    points.map(([x, y]) => ({ x, y, radius: CUT_RADIUS })),
    SIZE,
  )!;

describe("cutting along a line", () => {
  it("leaves two pieces that make up the whole, the larger first", () => {
    const pieces = splitAlong(block, line([15, 0], [15, 30]), SIZE)!;
    expect(pieces).toHaveLength(2);
    const [large, small] = pieces as [typeof block, typeof block];
    expect(sharedArea(large, small)).toBe(0);
    expect(rowsOf(combineRuns(large, small, "union"), SIZE)).toEqual(rowsOf(block, SIZE));
    expect(Math.abs(areaOf(small) - 10 * 20)).toBeLessThanOrEqual(20);
  });

  it("loses no pixel, whatever way the hand takes", () => {
    const roll = die(6);
    for (let round = 0; round < 40; round += 1) {
      const way = Array.from({ length: 4 }, (): [number, number] => [roll() * 40, roll() * 30]);
      const pieces = splitAlong(block, line([0, roll() * 30], ...way, [40, roll() * 30]), SIZE);
      if (!pieces) continue;
      const whole = pieces.reduce((sum, one) => combineRuns(sum, one, "union"), emptyRuns(SIZE));
      expect(areaOf(whole)).toBe(areaOf(block));
      expect(pieces.reduce((sum, one) => sum + areaOf(one), 0)).toBe(areaOf(block));
    }
  });

  it("does nothing where the line ends inside, or beside", () => {
    expect(splitAlong(block, line([15, 0], [15, 15]), SIZE)).toBeNull();
    expect(splitAlong(block, line([0, 0], [3, 3]), SIZE)).toBeNull();
  });
});
