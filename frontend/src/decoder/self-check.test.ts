import { describe, expect, it } from "vitest";

import { disagreement, waves, type ReferenceCase } from "./self-check";

const expected: ReferenceCase = {
  coords: [],
  labels: [],
  iou_predictions: [0.9],
  areas: [2000],
  rows: [Array.from({ length: 50 }, () => 40)],
};

const answer = (wide: number, score = 0.9) => ({
  logits: Float32Array.from({ length: 50 * 50 }, (_, i) => (i % 50 < wide ? 1 : -1)),
  iou_predictions: Float32Array.of(score),
  candidates: 1,
  height: 50,
  width: 50,
});

describe("the decoder's self-check", () => {
  it("takes the same mask for the same, and another for another", () => {
    expect(disagreement(answer(40), expected)).toBeNull();
    expect(disagreement(answer(41), expected)).toBe("mask 1 differs in 50 pixels.");
  });

  it("is not content with a score that is off or no number", () => {
    expect(disagreement(answer(40, 0.85), expected)).toContain("scored 0.850");
    expect(disagreement(answer(40, NaN), expected)).toContain("scored NaN");
  });

  it("makes its embedding by the formula of tests/contract/selftest.py", () => {
    const made = waves([1, 3, 2, 2]);
    expect(made[0]).toBe(0);
    expect(made[1]).toBeCloseTo(Math.sin(1.5), 6);
    expect(made[11]).toBeCloseTo(Math.sin(4.5 + 2) * Math.cos(4.5 - 2), 6);
  });
});
