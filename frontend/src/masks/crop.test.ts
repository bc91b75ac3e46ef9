import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { modelFrame } from "../geometry/spaces";
import { clickedParts, cropAround, logitsInCrop } from "./crop";
import { logitContours } from "./isoline";
import { upscaleToRuns, type LowResMask } from "./upscale";

interface Golden {
  tolerance: number;
  cases: {
    image: [number, number];
    input_size: number;
    low: number;
    logits: number[];
    positives: [number, number][];
    side: number;
    crop: [number, number, number, number] | null;
    laid?: number[];
  }[];
  parts: {
    image: [number, number];
    input_size: number;
    low: number;
    logits: number[];
    cases: { positives: [number, number][]; kept: number[] }[];
  };
}
const golden = JSON.parse(readFileSync("../tests/contract/crop.json", "utf8")) as Golden;

describe("the crop of a second look", () => {
  for (const example of golden.cases) {
    const [width, height] = example.image;
    it(`agrees with the golden file for ${width} x ${height}, ${String(example.crop)}`, () => {
      const low: LowResMask = {
        logits: Float32Array.from(example.logits),
        width: example.low,
        height: example.low,
        frame: modelFrame(width, height, example.input_size),
      };
      const crop = cropAround(
        low,
        example.positives.map(([x, y]) => ({ x, y })),
      );
      expect(crop && [crop.x0, crop.y0, crop.x1, crop.y1]).toEqual(example.crop);
      if (!crop) return;
      const laid = logitsInCrop(low, crop, example.side);
      example.laid!.forEach((value, i) => {
        expect(Math.abs(laid[i]! - value)).toBeLessThan(golden.tolerance);
      });
    });
  }
});

describe("parts that nobody clicked", () => {
  const example = golden.parts;
  const low: LowResMask = {
    logits: Float32Array.from(example.logits),
    width: example.low,
    height: example.low,
    frame: modelFrame(example.image[0], example.image[1], example.input_size),
  };

  it("are turned down as the golden file says", () => {
    for (const { positives, kept } of example.cases) {
      const points = positives.map(([x, y]) => ({ x, y }));
      const cells = [...clickedParts(low, points).logits].flatMap((v, i) => (v > 0 ? [i] : []));
      expect(cells).toEqual(kept);
    }
  });
});

describe("a mask that covers only a crop", () => {
  const crop = { x0: 3, y0: 2, x1: 13, y1: 10 };
  const logits = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7) * 3);
  const alone: LowResMask = { logits, width: 8, height: 8, frame: modelFrame(10, 8, 8) };
  const placed: LowResMask = {
    ...alone,
    place: { x0: crop.x0, y0: crop.y0, imageWidth: 20, imageHeight: 15 },
  };

  function pixels(low: LowResMask, width: number, height: number): boolean[] {
    const out: boolean[] = [];
    upscaleToRuns(low, 0).forEach((length, i) => {
      for (let n = 0; n < length; n += 1) out.push(i % 2 === 1);
    });
    expect(out.length).toBe(width * height);
    return out;
  }

  it("is the same inside the crop and empty outside", () => {
    const small = pixels(alone, 10, 8);
    const large = pixels(placed, 20, 15);
    for (let x = 0; x < 20; x += 1) {
      for (let y = 0; y < 15; y += 1) {
        const inside = x >= crop.x0 && x < crop.x1 && y >= crop.y0 && y < crop.y1;
        const wanted = inside && small[(x - crop.x0) * 8 + (y - crop.y0)];
        expect(large[x * 15 + y]).toBe(wanted || false);
      }
    }
  });

  it("has its outline where the crop lies", () => {
    const there = logitContours(placed, 0);
    logitContours(alone, 0).forEach((polygon, p) => {
      polygon.forEach((at, i) => {
        expect(there[p]![i]! - (i % 2 === 0 ? crop.x0 : crop.y0)).toBeCloseTo(at, 9);
      });
    });
  });

  it("fills a whole crop as one run a column", () => {
    const full = { ...placed, logits: new Float32Array(64).fill(5) };
    expect(pixels(full, 20, 15).filter(Boolean).length).toBe(80);
  });
});
