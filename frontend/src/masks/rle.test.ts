import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import {
  areaOf,
  bboxOf,
  bitmapToRuns,
  decodeCounts,
  encodeCounts,
  runsToBitmap,
  xorRuns,
} from "./rle";
import { signedArea, traceContours, traceRuns } from "./contour";

type Size = [number, number];
interface Golden {
  cases: {
    name: string;
    size: Size;
    rows?: string[];
    runs: number[];
    counts: string;
    area: number;
    bbox: [number, number, number, number];
  }[];
  xor: { size: Size; a: string; b: string; xor: string }[];
  bad: { name: string; size: Size; counts: string | number[] }[];
}
const golden = JSON.parse(readFileSync("../tests/contract/rle.json", "utf8")) as Golden;

describe("RLE agrees with pycocotools", () => {
  for (const { name, size, rows, runs, counts, area, bbox } of golden.cases) {
    const [height, width] = size;

    it(`reads and writes: ${name}`, () => {
      const decoded = decodeCounts(counts, size);
      expect([...decoded]).toEqual(runs);
      expect(encodeCounts(decoded)).toBe(counts);
      expect(areaOf(decoded)).toBe(area);
      expect(bboxOf(decoded, height)).toEqual(bbox);
    });

    if (!rows) continue;
    const data = Uint8Array.from(rows.flatMap((row) => [...row].map((c) => (c === "#" ? 1 : 0))));

    it(`turns pixels into runs and back: ${name}`, () => {
      const whole = { x: 0, y: 0, width, height, data };
      expect(encodeCounts(bitmapToRuns(whole, size))).toBe(counts);
      const crop = runsToBitmap(decodeCounts(counts, size), height, bbox);
      expect(encodeCounts(bitmapToRuns(crop, size))).toBe(counts);
    });

    it(`outlines exactly its pixels: ${name}`, () => {
      const crop = runsToBitmap(decodeCounts(counts, size), height, bbox);
      const outlined = traceContours(crop).reduce((sum, polygon) => sum + signedArea(polygon), 0);
      expect(outlined).toBe(area);
      const fromRuns = traceRuns(decodeCounts(counts, size), height, bbox);
      expect(fromRuns.reduce((sum, polygon) => sum + signedArea(polygon), 0)).toBe(area);
      expect(fromRuns).toHaveLength(traceContours(crop).length);
    });
  }

  it("places any crop of an image, those at its edges too", () => {
    const size: Size = [4, 3];
    for (const [x, y, width, height] of [
      [0, 0, 3, 4],
      [0, 1, 3, 3],
      [1, 2, 2, 2],
      [2, 3, 1, 1],
      [0, 0, 2, 3],
    ] as [number, number, number, number][]) {
      const data = new Uint8Array(width * height).fill(1);
      const runs = bitmapToRuns({ x, y, width, height, data }, size);
      expect(areaOf(runs)).toBe(width * height);
      expect(bboxOf(runs, 4)).toEqual([x, y, width, height]);
      expect(runs.reduce((sum, run) => sum + run, 0)).toBe(12);
    }
  });

  it.each(golden.xor)("XORs $a with $b", ({ size, a, b, xor }) => {
    expect(encodeCounts(xorRuns(decodeCounts(a, size), decodeCounts(b, size)))).toBe(xor);
  });

  const strings = golden.bad.filter(({ counts }) => typeof counts === "string");
  it.each(strings)("refuses counts: $name", ({ size, counts }) => {
    expect(() => decodeCounts(counts as string, size)).toThrow();
  });
});
