/** A mask cut in two along a line; no pixel is lost. */
import type { Bitmap } from "./bitmap";
import { partsOf } from "./regions";
import { areaOf, bboxOf, bitmapToRuns, runsToBitmap, type Runs } from "./rle";
import { combineRuns, emptyRuns, sharedArea } from "./sets";

type Size = readonly [number, number];

/** Half the width of a line that no path over corners gets through. */
export const CUT_RADIUS = 0.75;
/** Slivers that a trembling hand cuts off stay with their neighbour. */
const LEAST_PIECE = 16;

/** The pieces, the largest (with all the line did not cross) first; null when nothing came apart. */
export function splitAlong(runs: Runs, cut: Bitmap, size: Size): Runs[] | null {
  const line = combineRuns(bitmapToRuns(cut, size), runs, "intersect");
  if (areaOf(line) === 0) return null;
  let untouched = emptyRuns(size);
  const pieces: Runs[] = [];
  for (const part of partsOf(runs, size)) {
    const cutOff = partsOf(combineRuns(part, line, "subtract"), size);
    const large = cutOff.filter((piece) => areaOf(piece) >= LEAST_PIECE);
    if (sharedArea(part, line) === 0 || large.length < 2) {
      untouched = combineRuns(untouched, part, "union");
    } else {
      pieces.push(...large);
    }
  }
  if (pieces.length === 0) return null;
  const loose = pieces.reduce(
    (rest, piece) => combineRuns(rest, piece, "subtract"),
    combineRuns(runs, untouched, "subtract"),
  );
  const whole = withNeighbours(pieces, loose, size).sort((a, b) => areaOf(b) - areaOf(a));
  return [combineRuns(whole[0]!, untouched, "union"), ...whole.slice(1)];
}

/** Gives every loose pixel to the piece that reaches it first. */
function withNeighbours(pieces: readonly Runs[], loose: Runs, size: Size): Runs[] {
  const [height, width] = size;
  const [bx, by, bw, bh] = bboxOf(loose, height);
  const [x0, y0] = [Math.max(0, bx - 1), Math.max(0, by - 1)];
  const [w, h] = [Math.min(width, bx + bw + 1) - x0, Math.min(height, by + bh + 1) - y0];
  const box = [x0, y0, w, h] as const;
  const owner = new Int32Array(w * h);
  pieces.forEach((piece, index) => {
    const { data } = runsToBitmap(piece, height, box);
    for (let at = 0; at < data.length; at += 1) if (data[at]) owner[at] = index + 1;
  });
  const { data: free } = runsToBitmap(loose, height, box);
  let front = [...owner.keys()].filter((at) => owner[at]! > 0);
  while (front.length > 0) {
    const next: number[] = [];
    for (const at of front) {
      const [x, y] = [at % w, Math.floor(at / w)];
      for (let ny = Math.max(0, y - 1); ny <= Math.min(h - 1, y + 1); ny += 1) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(w - 1, x + 1); nx += 1) {
          const there = ny * w + nx;
          if (!free[there] || owner[there]) continue;
          owner[there] = owner[at]!;
          next.push(there);
        }
      }
    }
    front = next;
  }
  return pieces.map((piece, index) => {
    const data = Uint8Array.from(free, (bit, at) => (bit && owner[at] === index + 1 ? 1 : 0));
    return combineRuns(
      piece,
      bitmapToRuns({ x: x0, y: y0, width: w, height: h, data }, size),
      "union",
    );
  });
}
