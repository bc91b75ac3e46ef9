import { describe, expect, it } from "vitest";

import { bitmapToRuns } from "../masks/rle";
import {
  ALL_PROPOSALS,
  maskIou,
  offered,
  proposalAt,
  readProposals,
  recipeOfProposal,
} from "./proposals";
import { maskOf, type MaskRecord } from "./records";

const SIZE: [number, number] = [40, 60];

function square(x: number, y: number, width: number, height: number): MaskRecord {
  const data = new Uint8Array(width * height).fill(1);
  return maskOf(bitmapToRuns({ x, y, width, height, data }, SIZE), SIZE);
}

function file(masks: [MaskRecord, number][], change = {}): ArrayBuffer {
  const proposals = masks.map(([{ counts, area, bbox }, predicted_iou]) => ({
    counts,
    area,
    box: [bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]],
    predicted_iou,
    stability: 0.9,
    point: [bbox[0] + 0.5, bbox[1] + 0.5],
    candidate: 2,
    view: "full",
  }));
  const document = { version: 1, size: SIZE, bundle: "b", threshold: 0, proposals, ...change };
  return new TextEncoder().encode(JSON.stringify(document)).buffer;
}

const large = square(0, 0, 30, 30);
const small = square(5, 5, 6, 6);
const other = square(40, 10, 10, 10);
const set = readProposals(
  file([
    [small, 0.9],
    [large, 0.6],
    [other, 0.8],
  ]),
  SIZE,
);

describe("proposals", () => {
  it("are read with their boxes as records have them", () => {
    expect(set.masks.map(({ mask }) => mask.bbox)).toEqual([
      [5, 5, 6, 6],
      [0, 0, 30, 30],
      [40, 10, 10, 10],
    ]);
  });

  it("of another picture or a newer version are refused in words", () => {
    expect(() => readProposals(file([], { size: [41, 60] }), SIZE)).toThrow("another size");
    expect(() => readProposals(file([], { version: 2 }), SIZE)).toThrow("newer version");
    const broken = { ...small, counts: small.counts.slice(0, -1) };
    expect(() => readProposals(file([[broken, 1]]), SIZE)).toThrow();
  });

  it("are hit by the smallest that lies under the pointer", () => {
    const list = offered(set, ALL_PROPOSALS, []);
    expect(list.map(({ id }) => id)).toEqual([1, 2, 0]);
    expect(proposalAt(list, { x: 6.5, y: 6.5 })?.id).toBe(0);
    expect(proposalAt(list, { x: 20.5, y: 20.5 })?.id).toBe(1);
    expect(proposalAt(list, { x: 55.5, y: 35.5 })).toBeNull();
  });

  it("are filtered by confidence and by their share of the picture", () => {
    const ids = (filter: object) =>
      offered(set, { ...ALL_PROPOSALS, ...filter }, [])
        .map(({ id }) => id)
        .sort();
    expect(ids({ confidence: 0.7 })).toEqual([0, 2]);
    expect(ids({ smallest: Math.log10(50 / 2400) })).toEqual([1, 2]);
    expect(ids({ largest: Math.log10(200 / 2400) })).toEqual([0, 2]);
  });

  it("are not offered where an object is the same by an IoU above 0.7, and are again without it", () => {
    const nearly = square(0, 0, 30, 28);
    expect(maskIou(nearly, large)).toBeCloseTo(840 / 900);
    expect(offered(set, ALL_PROPOSALS, [{ mask: nearly }]).map(({ id }) => id)).toEqual([2, 0]);
    const part = square(0, 0, 30, 20);
    expect(offered(set, ALL_PROPOSALS, [{ mask: part }])).toHaveLength(3);
    expect(offered(set, ALL_PROPOSALS, [])).toHaveLength(3);
  });

  it("become a recipe of the one click that draws them", () => {
    const step = recipeOfProposal(set, set.masks[2]!).steps[0];
    expect(step).toMatchObject({
      type: "decode",
      bundle: "b",
      view: "full",
      candidate: 2,
      prompts: { points: [{ x: 40.5, y: 10.5, label: 1 }] },
    });
  });
});
