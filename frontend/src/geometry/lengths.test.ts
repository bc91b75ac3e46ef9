import { describe, expect, it } from "vitest";

import { measureWords, pixelSizeOf, roundLength } from "./lengths";

describe("lengths", () => {
  it("are pixels, and units where the image says what a pixel is", () => {
    const a = { x: 10, y: 10 };
    const b = { x: 40, y: 50 };
    expect(measureWords(a, b, null)).toBe("50 px");
    expect(measureWords(a, b, { x: 0.5, y: 0.5, unit: "µm" })).toBe("25 µm (50 px)");
  });

  it("mind pixels that are no squares", () => {
    const size = { x: 2, y: 1, unit: "mm" };
    expect(measureWords({ x: 0, y: 0 }, { x: 10, y: 0 }, size)).toBe("20 mm (10 px)");
    expect(measureWords({ x: 0, y: 0 }, { x: 0, y: 10 }, size)).toBe("10 mm (10 px)");
  });

  it("reads a pixel size as a number or as one for each axis, and nothing else", () => {
    expect(pixelSizeOf({ pixel_size: 0.25, pixel_unit: "µm" })).toEqual({
      x: 0.25,
      y: 0.25,
      unit: "µm",
    });
    expect(pixelSizeOf({ pixel_size: [0.7, 1.5] })).toEqual({ x: 0.7, y: 1.5, unit: "mm" });
    for (const bad of [{}, { pixel_size: "1" }, { pixel_size: -1 }, { pixel_size: [] }]) {
      expect(pixelSizeOf(bad)).toBeNull();
    }
  });

  it("rounds a scale bar down to 1, 2 or 5", () => {
    expect([0.7, 1, 19, 49, 510].map(roundLength)).toEqual([0.5, 1, 10, 20, 500]);
  });
});
