/**
 * The outline of low-res logits at a threshold, by marching squares: closed polygons in image
 * space with foreground on the right. A preview draws these directly, so its cost depends on the
 * low-res grid alone and not on the size of the image or of the screen.
 */
import { lowResFactor } from "../geometry/spaces";
import type { Polygon } from "./contour";
import type { LowResMask } from "./upscale";

// For each pattern of inside corners (1 top-left, 2 top-right, 4 bottom-right, 8 bottom-left):
// pairs (from, to) of cell edges, 0 top, 1 right, 2 bottom, 3 left, inside on the right.
const SEGMENTS: readonly (readonly number[])[] = [
  [], [0, 3], [1, 0], [1, 3], [2, 1], [], [2, 0], [2, 3],
  [3, 2], [0, 2], [], [1, 2], [3, 1], [0, 1], [3, 0], [],
]; // prettier-ignore

interface Grid {
  columns: number;
  rows: number;
  /** Threshold-shifted logits with one ring of outside around them. */
  values: Float32Array;
  /** Position of every column and row in image space; the ring lies on the image's edge. */
  xs: Float64Array;
  ys: Float64Array;
}

export function logitContours(low: LowResMask, threshold: number): Polygon[] {
  const grid = paddedGrid(low, threshold);
  const next = link(grid);
  const polygons: Polygon[] = [];
  for (let edge = 0; edge < next.length; edge += 1) {
    if (next[edge]! < 0) continue;
    const polygon: Polygon = [];
    let at = edge;
    while (next[at]! >= 0) {
      pushCrossing(polygon, grid, at);
      const following = next[at]!;
      next[at] = -1;
      at = following;
    }
    if (low.place) move(polygon, low.place.x0, low.place.y0);
    polygons.push(polygon);
  }
  return polygons;
}

function move(polygon: Polygon, x: number, y: number): void {
  for (let i = 0; i < polygon.length; i += 2) {
    polygon[i]! += x;
    polygon[i + 1]! += y;
  }
}

function paddedGrid(low: LowResMask, threshold: number): Grid {
  const fx = lowResFactor(low.frame, low.width, "x");
  const fy = lowResFactor(low.frame, low.height, "y");
  const { imageWidth, imageHeight } = low.frame;
  const inside = (size: number, factor: number, pixels: number) =>
    Math.max(1, Math.min(size, Math.floor(pixels * factor + 0.5 + 1e-9)));
  const width = inside(low.width, fx, imageWidth);
  const height = inside(low.height, fy, imageHeight);
  const columns = width + 2;
  const rows = height + 2;
  const values = new Float32Array(columns * rows).fill(-Infinity);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      values[(y + 1) * columns + x + 1] = low.logits[y * low.width + x]! - threshold;
    }
  }
  const positions = (count: number, factor: number, pixels: number) =>
    Float64Array.from({ length: count + 2 }, (_, i) =>
      i === 0 ? 0 : i === count + 1 ? pixels : Math.min(pixels, (i - 0.5) / factor),
    );
  return {
    columns,
    rows,
    values,
    xs: positions(width, fx, imageWidth),
    ys: positions(height, fy, imageHeight),
  };
}

/** next[e] = the edge crossing that follows crossing e. Horizontal edges first, then vertical. */
function link(grid: Grid): Int32Array {
  const { columns, rows, values } = grid;
  const vertical = columns * rows;
  const next = new Int32Array(vertical * 2).fill(-1);
  const edges = [0, 0, 0, 0];
  for (let y = 0; y + 1 < rows; y += 1) {
    for (let x = 0; x + 1 < columns; x += 1) {
      const at = y * columns + x;
      const a = values[at]!;
      const b = values[at + 1]!;
      const c = values[at + columns + 1]!;
      const d = values[at + columns]!;
      const pattern = (a > 0 ? 1 : 0) | (b > 0 ? 2 : 0) | (c > 0 ? 4 : 0) | (d > 0 ? 8 : 0);
      if (pattern === 0 || pattern === 15) continue;
      edges[0] = at;
      edges[1] = vertical + at + 1;
      edges[2] = at + columns;
      edges[3] = vertical + at;
      let segments = SEGMENTS[pattern]!;
      if (pattern === 5) segments = a + b + c + d > 0 ? [0, 1, 2, 3] : [0, 3, 2, 1];
      if (pattern === 10) segments = a + b + c + d > 0 ? [3, 0, 1, 2] : [1, 0, 3, 2];
      for (let s = 0; s < segments.length; s += 2) {
        next[edges[segments[s]!]!] = edges[segments[s + 1]!]!;
      }
    }
  }
  return next;
}

function pushCrossing(polygon: Polygon, grid: Grid, edge: number): void {
  const { columns, rows, values, xs, ys } = grid;
  const isVertical = edge >= columns * rows;
  const at = isVertical ? edge - columns * rows : edge;
  const x = at % columns;
  const y = (at - x) / columns;
  const a = values[at]!;
  const b = values[isVertical ? at + columns : at + 1]!;
  // Towards the ring the crossing is the image's edge itself.
  const t = a === -Infinity ? 0 : b === -Infinity ? 1 : a / (a - b);
  if (isVertical) polygon.push(xs[x]!, ys[y]! + (ys[y + 1]! - ys[y]!) * t);
  else polygon.push(xs[x]! + (xs[x + 1]! - xs[x]!) * t, ys[y]!);
}
