/**
 * Outlines of a bitmap by crack following: closed polygons along pixel edges in image space,
 * foreground on the right-hand side, vertices only where the outline turns. Holes are polygons of
 * their own; fill them all with the even-odd rule and the exact pixels are covered.
 */
import type { Bitmap } from "./bitmap";
import type { Runs } from "./rle";

/** x0, y0, x1, y1, ... of one closed polygon. */
export type Polygon = number[];

// Per direction (0 right, 1 down, 2 left, 3 up): the step, and the pixels ahead-right and
// ahead-left of the corner just reached, relative to that corner.
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;
const RIGHT_X = [0, -1, -1, 0] as const;
const RIGHT_Y = [0, 0, -1, -1] as const;
const LEFT_X = [0, 0, -1, -1] as const;
const LEFT_Y = [-1, 0, 0, -1] as const;

export function traceContours(bitmap: Bitmap): Polygon[] {
  const { width, height } = bitmap;
  // A ring of background saves every bounds check.
  const stride = width + 2;
  const grid = new Uint8Array(stride * (height + 2));
  for (let y = 0; y < height; y += 1) {
    grid.set(bitmap.data.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1);
  }
  const seen = new Uint8Array(grid.length);
  const polygons: Polygon[] = [];
  for (let y = 1; y <= height; y += 1) {
    for (let x = 1; x <= width; x += 1) {
      const at = y * stride + x;
      // Every loop has a top edge: foreground with background above it.
      if (grid[at] === 1 && grid[at - stride] === 0 && seen[at] === 0) {
        polygons.push(
          follow({ grid, seen, strideX: 1, strideY: stride }, x, y, bitmap.x - 1, bitmap.y - 1),
        );
      }
    }
  }
  return polygons;
}

/**
 * The same straight from column-major runs, without looking at every pixel: a run inside a column
 * begins at a top edge, so the runs themselves name every place where an outline may start.
 */
export function traceRuns(
  runs: Runs,
  height: number,
  bbox: readonly [number, number, number, number],
): Polygon[] {
  const [x0, y0, width, boxHeight] = bbox;
  const column = boxHeight + 2;
  const grid = new Uint8Array(column * (width + 2));
  const starts: number[] = [];
  let at = 0;
  for (let i = 0; i < runs.length; i += 1) {
    const end = at + runs[i]!;
    for (let from = at; i % 2 === 1 && from < end;) {
      const x = Math.floor(from / height);
      const to = Math.min(end, (x + 1) * height);
      const first = (x - x0 + 1) * column - x * height - y0 + 1 + from;
      grid.fill(1, first, first + to - from);
      starts.push(first);
      from = to;
    }
    at = end;
  }
  const walk = { grid, seen: new Uint8Array(grid.length), strideX: column, strideY: 1 };
  const polygons: Polygon[] = [];
  for (const start of starts) {
    if (walk.seen[start] === 1) continue;
    const x = Math.floor(start / column);
    polygons.push(follow(walk, x, start - x * column, x0 - 1, y0 - 1));
  }
  return polygons;
}

interface Walk {
  grid: Uint8Array;
  /** Top edges that belong to an outline already. */
  seen: Uint8Array;
  strideX: number;
  strideY: number;
}

function follow(
  { grid, seen, strideX, strideY }: Walk,
  startX: number,
  startY: number,
  offsetX: number,
  offsetY: number,
): Polygon {
  const polygon: Polygon = [startX + offsetX, startY + offsetY];
  let x = startX;
  let y = startY;
  let direction = 0;
  for (;;) {
    if (direction === 0) {
      const top = y * strideY + x * strideX;
      if (seen[top] === 1) break;
      seen[top] = 1;
    }
    x += STEP_X[direction]!;
    y += STEP_Y[direction]!;
    const right = grid[(y + RIGHT_Y[direction]!) * strideY + (x + RIGHT_X[direction]!) * strideX];
    let next = direction;
    if (right === 0) next = (direction + 1) & 3;
    else if (grid[(y + LEFT_Y[direction]!) * strideY + (x + LEFT_X[direction]!) * strideX] === 1) {
      next = (direction + 3) & 3;
    }
    if (next !== direction) {
      polygon.push(x + offsetX, y + offsetY);
      direction = next;
    }
  }
  // The walk ends on the start edge: drop the start corner when it was added a second time.
  const n = polygon.length;
  if (n > 2 && polygon[n - 2] === polygon[0] && polygon[n - 1] === polygon[1]) polygon.length -= 2;
  else if (startIsCollinear(polygon)) polygon.splice(0, 2);
  return polygon;
}

function startIsCollinear(polygon: Polygon): boolean {
  const n = polygon.length;
  return polygon[1] === polygon[3] && polygon[1] === polygon[n - 1];
}

/** Enclosed area by the shoelace formula; holes count negative, so the sum is the pixel count. */
export function signedArea(polygon: Polygon): number {
  let sum = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const j = (i + 2) % polygon.length;
    sum += polygon[i]! * polygon[j + 1]! - polygon[j]! * polygon[i + 1]!;
  }
  return sum / 2;
}

/** Drops vertices closer than `tolerance` to the chord around them; for zoomed-out drawing. */
export function thin(polygon: Polygon, tolerance: number): Polygon {
  if (polygon.length <= 8) return polygon;
  const out: Polygon = [polygon[0]!, polygon[1]!];
  let lastX = polygon[0]!;
  let lastY = polygon[1]!;
  for (let i = 2; i < polygon.length; i += 2) {
    const x = polygon[i]!;
    const y = polygon[i + 1]!;
    if (Math.abs(x - lastX) + Math.abs(y - lastY) >= tolerance) {
      out.push(x, y);
      lastX = x;
      lastY = y;
    }
  }
  return out.length >= 6 ? out : polygon;
}
