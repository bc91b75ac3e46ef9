import { describe, expect, it } from "vitest";

import { modelFrame } from "../geometry/spaces";
import { signedArea } from "./contour";
import { logitContours } from "./isoline";
import { areaOf, decodeCounts, encodeCounts, runsToBitmap } from "./rle";
import { upscaleRect, upscaleToRuns, type LowResMask } from "./upscale";

/** Deterministic smooth-ish logits. */
function makeLow(imageWidth: number, imageHeight: number, low: number, seed: number): LowResMask {
  let state = seed;
  const random = () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  const logits = Float32Array.from({ length: low * low }, (_, i) => {
    const x = (i % low) / low;
    const y = Math.floor(i / low) / low;
    return Math.sin(x * 9 + seed) * 4 + Math.cos(y * 7) * 4 + random() * 3;
  });
  return { logits, width: low, height: low, frame: modelFrame(imageWidth, imageHeight, low * 4) };
}

/** Pixel by pixel, straight from the definition. */
function bruteForce(low: LowResMask, threshold: number): Uint8Array {
  const { imageWidth, imageHeight, newWidth, newHeight, inputSize } = low.frame;
  const out = new Uint8Array(imageWidth * imageHeight);
  const clamp = (v: number, n: number) => Math.min(n - 1, Math.max(0, v));
  for (let y = 0; y < imageHeight; y += 1) {
    const ly = clamp(
      (y + 0.5) * (newHeight / imageHeight) * (low.height / inputSize) - 0.5,
      low.height,
    );
    const y0 = Math.min(Math.floor(ly), low.height - 2);
    for (let x = 0; x < imageWidth; x += 1) {
      const lx = clamp(
        (x + 0.5) * (newWidth / imageWidth) * (low.width / inputSize) - 0.5,
        low.width,
      );
      const x0 = Math.min(Math.floor(lx), low.width - 2);
      const at = (j: number, i: number) => low.logits[j * low.width + i]!;
      const top = at(y0, x0) + (at(y0, x0 + 1) - at(y0, x0)) * (lx - x0);
      const bottom = at(y0 + 1, x0) + (at(y0 + 1, x0 + 1) - at(y0 + 1, x0)) * (lx - x0);
      if (top + (bottom - top) * (ly - y0) > threshold) out[y * imageWidth + x] = 1;
    }
  }
  return out;
}

describe("upscaling outside the graph", () => {
  for (const [width, height] of [
    [64, 48],
    [300, 211],
    [97, 401],
    [640, 640],
    [20, 13],
  ] as const) {
    for (const threshold of [0, 1.3]) {
      it(`equals the pixel-by-pixel mask at ${width} x ${height}, threshold ${threshold}`, () => {
        const low = makeLow(width, height, 32, width);
        const expected = bruteForce(low, threshold);
        const runs = upscaleToRuns(low, threshold);
        const whole = runsToBitmap(runs, height, [0, 0, width, height]);
        let different = 0;
        for (let i = 0; i < expected.length; i += 1)
          if (expected[i] !== whole.data[i]) different += 1;
        expect(different).toBe(0);
        const text = encodeCounts(runs);
        expect(areaOf(decodeCounts(text, [height, width]))).toBe(areaOf(runs));
      });
    }
  }

  it("samples a part of the image for a preview", () => {
    const low = makeLow(200, 150, 32, 7);
    const expected = bruteForce(low, 0);
    const rect = { x0: 20, y0: 30, x1: 120, y1: 110 };
    const preview = upscaleRect(low, 0, rect, 100, 80);
    let different = 0;
    for (let y = 0; y < 80; y += 1) {
      for (let x = 0; x < 100; x += 1) {
        if (preview[y * 100 + x] !== expected[(y + 30) * 200 + x + 20]) different += 1;
      }
    }
    // The two interpolate rows and columns in opposite order: rounding may move single pixels.
    expect(different).toBeLessThanOrEqual(2);
  });

  it("draws a ghost outline that encloses the accepted mask's area", () => {
    for (const [width, height] of [
      [300, 200],
      [128, 411],
    ] as const) {
      const low = makeLow(width, height, 64, 3);
      const area = areaOf(upscaleToRuns(low, 0));
      const outlined = logitContours(low, 0).reduce((sum, p) => sum + signedArea(p), 0);
      expect(Math.abs(outlined - area) / area).toBeLessThan(0.02);
    }
  });

  it("closes the ghost outline at the image's edge", () => {
    const low = makeLow(100, 60, 32, 1);
    low.logits.fill(5);
    const polygons = logitContours(low, 0);
    expect(polygons).toHaveLength(1);
    expect(signedArea(polygons[0]!)).toBeGreaterThan(100 * 60 * 0.98);
  });
});
