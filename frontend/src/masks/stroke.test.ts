import { describe, expect, it } from "vitest";

import type { Dab } from "../geometry/draft";
import { die, rowsOf, runsWhere, type Size } from "./pixels.fixtures";
import { bitmapToRuns } from "./rle";
import { covered, strokeBitmap } from "./stroke";

const SIZE: Size = [24, 31];

describe("a brush stroke", () => {
  it("covers the pixels whose centres the brush passed over, and no other", () => {
    const roll = die(3);
    for (let round = 0; round < 60; round += 1) {
      const dabs: Dab[] = Array.from({ length: 1 + Math.floor(roll() * 4) }, () => ({
        x: roll() * 40 - 4,
        y: roll() * 32 - 4,
        radius: 0.5 + roll() * 5,
      }));
      const stated = runsWhere(SIZE, (x, y) =>
        dabs.some(
          (dab, at) =>
            covered(x + 0.5, y + 0.5, dabs[Math.max(0, at - 1)]!, dab) ||
            (Math.floor(dab.x) === x && Math.floor(dab.y) === y),
        ),
      );
      const bitmap = strokeBitmap(dabs, SIZE);
      const drawn = bitmap ? bitmapToRuns(bitmap, SIZE) : Uint32Array.of(SIZE[0] * SIZE[1]);
      expect(rowsOf(drawn, SIZE)).toEqual(rowsOf(stated, SIZE));
    }
  });

  it("sets the pixel it is set down on, however thin it is", () => {
    expect(strokeBitmap([{ x: 3.05, y: 4.95, radius: 0.2 }], SIZE)?.data).toContain(1);
  });

  it("looks at its own box only", () => {
    const bitmap = strokeBitmap([{ x: 2000, y: 1500, radius: 10 }], [3000, 4000])!;
    expect(bitmap.width * bitmap.height).toBeLessThan(25 * 25);
  });

  it("is nothing beside the image", () => {
    expect(strokeBitmap([{ x: -40, y: 5, radius: 6 }], SIZE)).toBeNull();
  });
});
