/**
 * Polygons to pixels, under the convention of samweb/masks/polygon.py (golden file:
 * tests/contract/polygons.json): a pixel belongs when its centre lies inside by the even-odd rule;
 * a centre exactly on an edge belongs to what is right of it, or below it.
 */
import type { Runs } from "./rle";

/** A flat polygon x0, y0, x1, y1, ... in image space; what lies outside the image is cut off. */
export function polygonRuns(
  polygon: readonly number[],
  [height, width]: readonly [number, number],
): Runs {
  const edges = crossings(polygon, height, width).sort();
  const runs: number[] = [];
  let start = 0;
  for (let i = 0; i < edges.length;) {
    const at = edges[i]!;
    let times = 0;
    for (; i < edges.length && edges[i] === at; i += 1) times += 1;
    // Passed twice at one pixel is not passed; beyond the last pixel there is nothing to set.
    if (times % 2 === 0 || at >= height * width) continue;
    runs.push(at - start);
    start = at;
  }
  runs.push(height * width - start);
  return Uint32Array.from(runs);
}

/** Column-major indices of the first pixel at or below each crossing of a column's centre. */
function crossings(polygon: readonly number[], height: number, width: number): Float64Array {
  const found: number[] = [];
  for (let i = 0; i + 1 < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    const [x0, y0, x1, y1] = [polygon[i]!, polygon[i + 1]!, polygon[next]!, polygon[next + 1]!];
    const first = clip(Math.ceil(Math.min(x0, x1) - 0.5), width);
    const last = clip(Math.ceil(Math.max(x0, x1) - 0.5), width);
    for (let column = first; column < last; column += 1) {
      const along = (column + 0.5 - x0) / (x1 - x0);
      const y = y0 + along * (y1 - y0);
      found.push(column * height + clip(Math.ceil(y - 0.5), height));
    }
  }
  return Float64Array.from(found);
}

const clip = (value: number, most: number) => Math.min(most, Math.max(0, value));
