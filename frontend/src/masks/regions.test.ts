import { describe, expect, it } from "vitest";

import { grown, shrunk, smoothed } from "./morphology";
import {
  die,
  isSetIn,
  randomRuns,
  rowsOf,
  runsOfRows,
  runsWhere,
  type Size,
} from "./pixels.fixtures";
import { largestPart, partsOf, withoutHoles, withoutSpecks } from "./regions";
import { areaOf, type Runs } from "./rle";
import { combineRuns, emptyRuns, sharedArea } from "./sets";

const SIZES: Size[] = [
  [1, 8],
  [8, 1],
  [7, 6],
  [10, 13],
];

function masks(times: number): { size: Size; runs: Runs }[] {
  const roll = die(11);
  return Array.from({ length: times }, (_, at) => {
    const size = SIZES[at % SIZES.length]!;
    return { size, runs: randomRuns(roll, size) };
  });
}

/** The slow statement: pixels that can be reached from (x, y) among those that `may`. */
function flood(
  [height, width]: Size,
  x: number,
  y: number,
  corners: boolean,
  may: (x: number, y: number) => boolean,
) {
  const seen = new Set<number>([y * width + x]);
  const stack: [number, number][] = [[x, y]];
  for (let at = stack.pop(); at; at = stack.pop()) {
    for (let dy = -1; dy <= 1; dy += 1) {
      for (let dx = -1; dx <= 1; dx += 1) {
        const [nx, ny] = [at[0] + dx, at[1] + dy];
        if (!corners && dx !== 0 && dy !== 0) continue;
        if (nx < 0 || ny < 0 || nx >= width || ny >= height || !may(nx, ny)) continue;
        if (seen.has(ny * width + nx)) continue;
        seen.add(ny * width + nx);
        stack.push([nx, ny]);
      }
    }
  }
  return seen;
}

describe("parts", () => {
  it("are disjoint, make up the mask and hang together over edges and corners", () => {
    for (const { size, runs } of masks(120)) {
      const parts = partsOf(runs, size);
      const all = parts.reduce((sum, part) => combineRuns(sum, part, "union"), emptyRuns(size));
      expect(rowsOf(all, size)).toEqual(rowsOf(runs, size));
      const isSet = isSetIn(runs, size);
      for (const part of parts) {
        const inPart = isSetIn(part, size);
        const at = rowsOf(part, size).join("").indexOf("#");
        const reached = flood(size, at % size[1], Math.floor(at / size[1]), true, isSet);
        expect(reached.size).toBe(areaOf(part));
        for (const pixel of reached) {
          expect(inPart(pixel % size[1], Math.floor(pixel / size[1]))).toBe(true);
        }
      }
      expect(parts.map(areaOf)).toEqual(parts.map(areaOf).sort((a, b) => b - a));
    }
  });

  it("of few pixels go, but never the last one", () => {
    const runs = runsOfRows(["##...#", "##....", "....##"]);
    expect(rowsOf(withoutSpecks(runs, [3, 6], 2), [3, 6])).toEqual(["##....", "##....", "....##"]);
    expect(rowsOf(withoutSpecks(runs, [3, 6], 99), [3, 6])).toEqual(["##....", "##....", "......"]);
    expect(rowsOf(largestPart(runs, [3, 6]), [3, 6])).toEqual(["##....", "##....", "......"]);
  });
});

describe("holes", () => {
  it("are filled where no way over edges leads out of the image", () => {
    for (const { size, runs } of masks(160)) {
      const isSet = isSetIn(runs, size);
      const [height, width] = size;
      const open = (x: number, y: number) => !isSet(x, y);
      const stated = runsWhere(size, (x, y) => {
        if (isSet(x, y)) return true;
        return ![...flood(size, x, y, false, open)].some((pixel) => {
          const [px, py] = [pixel % width, Math.floor(pixel / width)];
          return px === 0 || py === 0 || px === width - 1 || py === height - 1;
        });
      });
      expect(rowsOf(withoutHoles(runs, size), size)).toEqual(rowsOf(stated, size));
    }
  });

  it("larger than asked for stay", () => {
    const rows = ["#########", "#.##...##", "#########"];
    expect(rowsOf(withoutHoles(runsOfRows(rows), [3, 9], 1), [3, 9])[1]).toBe("####...##");
  });
});

describe("grow, shrink, smooth", () => {
  it("go by the four neighbours and by the majority around", () => {
    for (const { size, runs } of masks(120)) {
      if (areaOf(runs) === 0) continue;
      const [height, width] = size;
      const isSet = isSetIn(runs, size);
      const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height;
      const around = (x: number, y: number): [number, number][] => [
        [x, y],
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ];
      const more = runsWhere(size, (x, y) => around(x, y).some(([a, b]) => isSet(a, b)));
      const less = runsWhere(size, (x, y) =>
        around(x, y).every(([a, b]) => !inside(a, b) || isSet(a, b)),
      );
      expect(rowsOf(grown(runs, size), size)).toEqual(rowsOf(more, size));
      expect(rowsOf(shrunk(runs, size), size)).toEqual(rowsOf(less, size));
      for (const reach of [1, 2]) {
        const most = runsWhere(size, (x, y) => {
          let [set, all] = [0, 0];
          for (let b = y - reach; b <= y + reach; b += 1) {
            for (let a = x - reach; a <= x + reach; a += 1) {
              if (!inside(a, b)) continue;
              all += 1;
              if (isSet(a, b)) set += 1;
            }
          }
          return 2 * set === all ? isSet(x, y) : 2 * set > all;
        });
        expect(rowsOf(smoothed(runs, size, reach), size)).toEqual(rowsOf(most, size));
      }
    }
  });

  it("keep what they do not know: an empty mask", () => {
    const none = emptyRuns([4, 4]);
    expect(grown(none, [4, 4])).toEqual(none);
    expect(sharedArea(none, none)).toBe(0);
  });
});
