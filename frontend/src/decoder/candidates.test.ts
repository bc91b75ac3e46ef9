import { describe, expect, it } from "vitest";

import { chooseCandidates } from "./candidates";
import type { DecodePrompt } from "./protocol";

const manifest = {
  single_candidate: 0,
  scored_clicks: 1,
  preprocess: { input_size: [16, 16] as [number, number] },
};
const SIDE = 4;

/** Masks of one value each, except where `holes` says that the clicked cell is outside. */
function answerOf(levels: number[], ious: number[], holes: number[] = []) {
  const logits = new Float32Array(levels.length * SIDE * SIDE);
  levels.forEach((level, k) => {
    logits.fill(level, k * SIDE * SIDE, (k + 1) * SIDE * SIDE);
    if (holes.includes(k)) logits[k * SIDE * SIDE + SIDE + 1] = -level;
  });
  return {
    logits,
    iou_predictions: Float32Array.from(ious),
    candidates: levels.length,
    width: SIDE,
    height: SIDE,
  };
}

function click(labels: number[], maskInput: Float32Array | null = null): DecodePrompt {
  // Model position 5.5 lies in low-res cell 1.
  const coords = Float32Array.from(labels.flatMap(() => [5.5, 5.5]));
  return { coords, labels: Float32Array.from(labels), maskInput };
}

describe("candidate rule", () => {
  it("takes the best rated mask after one click, and offers three", () => {
    const choice = chooseCandidates(
      manifest,
      answerOf([5, 5, 5, 5], [0.7, 0.6, 0.9, 0.8]),
      click([1, -1]),
    );
    expect(choice).toEqual({ offered: [1, 2, 3], preferred: 2, ambiguous: true });
  });

  it("offers the single mask only when it is the best", () => {
    const choice = chooseCandidates(
      manifest,
      answerOf([5, 5, 5, 5], [0.95, 0.6, 0.9, 0.8]),
      click([1, -1]),
    );
    expect(choice.preferred).toBe(0);
    expect(choice.offered).toEqual([0, 2, 3]);
  });

  it("prefers a stable mask over a slightly better rated wavering one", () => {
    const choice = chooseCandidates(
      manifest,
      answerOf([5, 5, 0.5, 5], [0.1, 0.8, 0.9, 0.1]),
      click([1, -1]),
    );
    expect(choice.preferred).toBe(1);
  });

  it("marks a mask down that leaves the click out", () => {
    const answer = answerOf([5, 5, 5, 5], [0.1, 0.8, 0.9, 0.1], [2]);
    expect(chooseCandidates(manifest, answer, click([1, -1])).preferred).toBe(1);
  });

  it("rates a second click's masks where the model says so, and shows no choice", () => {
    const second = click([1, 0, -1], new Float32Array(SIDE * SIDE));
    const answer = answerOf([5, 5, 5, 5], [0.1, 0.8, 0.9, 0.1], [1]);
    const choice = chooseCandidates({ ...manifest, scored_clicks: 2 }, answer, second);
    expect(choice).toEqual({ offered: [2, 0, 1, 3], preferred: 2, ambiguous: false });
  });

  it.each([
    ["a second point", click([1, 1, -1])],
    ["a box", click([2, 3])],
    ["a fed-back mask", click([1, -1], new Float32Array(SIDE * SIDE))],
  ])("takes the single mask with %s", (_, prompt) => {
    const choice = chooseCandidates(manifest, answerOf([5, 5, 5, 5], [0.1, 0.6, 0.9, 0.8]), prompt);
    expect(choice).toEqual({ offered: [0, 1, 2, 3], preferred: 0, ambiguous: false });
  });
});
