/** Decoded runs of the masks in use, kept as long as their record lives. */
import { decodeCounts, type RleMask, type Runs } from "./rle";

interface Decoded {
  runs: Runs;
  /** Where each run ends, for looking up single pixels. */
  ends: Float64Array;
}

const cache = new WeakMap<RleMask, Decoded>();

function decoded(mask: RleMask): Decoded {
  let entry = cache.get(mask);
  if (!entry) {
    const runs = decodeCounts(mask.counts, mask.size);
    const ends = new Float64Array(runs.length);
    let at = 0;
    for (let i = 0; i < runs.length; i += 1) ends[i] = at += runs[i]!;
    entry = { runs, ends };
    cache.set(mask, entry);
  }
  return entry;
}

export const runsOf = (mask: RleMask): Runs => decoded(mask).runs;

/** Whether the pixel holding a point of image space belongs to the mask. */
export function maskContains(mask: RleMask, x_image: number, y_image: number): boolean {
  const [height, width] = mask.size;
  const x = Math.floor(x_image);
  const y = Math.floor(y_image);
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const { ends } = decoded(mask);
  const pixel = x * height + y;
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle]! > pixel) high = middle;
    else low = middle + 1;
  }
  return low % 2 === 1;
}
