import { describe, expect, it } from "vitest";

import { die, isSetIn, randomRuns, runsWhere, type Size } from "./pixels.fixtures";
import { patchBetween, patched } from "./patch";
import { areaOf } from "./rle";
import { boxesMeet, combineRuns, sharedArea } from "./sets";

const SIZES: Size[] = [
  [1, 1],
  [1, 9],
  [7, 1],
  [6, 5],
  [9, 11],
];

function pairs(times: number) {
  const roll = die(7);
  return Array.from({ length: times }, (_, at) => {
    const size = SIZES[at % SIZES.length]!;
    return { size, a: randomRuns(roll, size), b: randomRuns(roll, size) };
  });
}

describe("sets of pixels", () => {
  it("joins, takes away and intersects pixel by pixel", () => {
    for (const { size, a, b } of pairs(200)) {
      const [inA, inB] = [isSetIn(a, size), isSetIn(b, size)];
      const union = runsWhere(size, (x, y) => inA(x, y) || inB(x, y));
      const rest = runsWhere(size, (x, y) => inA(x, y) && !inB(x, y));
      const common = runsWhere(size, (x, y) => inA(x, y) && inB(x, y));
      expect(combineRuns(a, b, "union")).toEqual(union);
      expect(combineRuns(a, b, "subtract")).toEqual(rest);
      expect(combineRuns(a, b, "intersect")).toEqual(common);
      expect(sharedArea(a, b)).toBe(areaOf(common));
    }
  });

  it("knows boxes that touch from boxes that meet", () => {
    expect(boxesMeet([0, 0, 4, 4], [4, 0, 2, 2])).toBe(false);
    expect(boxesMeet([0, 0, 4, 4], [3, 3, 2, 2])).toBe(true);
  });
});

describe("patches", () => {
  it("lead from one mask to the other and back", () => {
    for (const { size, a, b } of pairs(200)) {
      const patch = patchBetween(a, b, size[0]);
      if (!patch) {
        expect(a).toEqual(b);
        continue;
      }
      expect(patched(a, patch, size)).toEqual(b);
      expect(patched(b, patch, size)).toEqual(a);
    }
  });

  it("say only the box that changed", () => {
    const size: Size = [30, 40];
    const before = runsWhere(size, (x, y) => x > 5 && y > 5);
    const after = runsWhere(size, (x, y) => x > 5 && y > 5 && !(x === 20 && y === 10));
    expect(patchBetween(before, after, 30)).toEqual({ bbox: [20, 10, 1, 1], counts: "01" });
  });
});
