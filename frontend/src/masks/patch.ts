/** The wire's XOR patch: what changed between two masks, as RLE of the smallest box around it. */
import { bboxOf, bitmapToRuns, decodeCounts, encodeCounts, runsToBitmap, xorRuns } from "./rle";
import type { Runs } from "./rle";

export interface MaskPatch {
  /** [x, y, width, height] in image pixels. */
  bbox: [number, number, number, number];
  /** Counts of the box's size. */
  counts: string;
}

/** Null when both masks are the same. */
export function patchBetween(before: Runs, after: Runs, height: number): MaskPatch | null {
  const changed = xorRuns(before, after);
  const bbox = bboxOf(changed, height);
  if (bbox[2] === 0) return null;
  const local = { ...runsToBitmap(changed, height, bbox), x: 0, y: 0 };
  return { bbox, counts: encodeCounts(bitmapToRuns(local, [bbox[3], bbox[2]])) };
}

/** The other mask again: a patch goes both ways. */
export function patched(runs: Runs, patch: MaskPatch, size: readonly [number, number]): Runs {
  const [x, y, width, height] = patch.bbox;
  const local = decodeCounts(patch.counts, [height, width]);
  const bitmap = runsToBitmap(local, height, [0, 0, width, height]);
  return xorRuns(runs, bitmapToRuns({ ...bitmap, x, y }, size));
}
