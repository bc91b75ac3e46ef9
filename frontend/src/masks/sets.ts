/** Sets of pixels as runs: what two masks of one size have together, in common, or not. */
import type { Runs } from "./rle";

export type SetOperation = "union" | "subtract" | "intersect";

/** Whether a pixel is kept, by (in a) * 2 + (in b). */
const KEPT: Readonly<Record<SetOperation, readonly [boolean, boolean, boolean, boolean]>> = {
  union: [false, true, true, true],
  subtract: [false, false, true, false],
  intersect: [false, false, false, true],
};

export function combineRuns(a: Runs, b: Runs, operation: SetOperation): Runs {
  const kept = KEPT[operation];
  const out: number[] = [];
  let value = false;
  let length = 0;
  walkBoth(a, b, (step, inA, inB) => {
    const next = kept[inA * 2 + inB]!;
    if (next !== value) {
      out.push(length);
      length = 0;
      value = next;
    }
    length += step;
  });
  out.push(length);
  return Uint32Array.from(out);
}

/** How many pixels two masks have in common. */
export function sharedArea(a: Runs, b: Runs): number {
  let area = 0;
  walkBoth(a, b, (step, inA, inB) => {
    if (inA & inB) area += step;
  });
  return area;
}

export const emptyRuns = ([height, width]: readonly [number, number]): Runs =>
  Uint32Array.of(height * width);

/** Whether two boxes [x, y, width, height] have a pixel in common. */
export function boxesMeet(
  a: readonly [number, number, number, number],
  b: readonly [number, number, number, number],
): boolean {
  return a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];
}

/** Stretches over which neither mask changes, in order. */
function walkBoth(a: Runs, b: Runs, visit: (step: number, inA: 0 | 1, inB: 0 | 1) => void): void {
  let ia = 0;
  let ib = 0;
  let restA = a[0] ?? 0;
  let restB = b[0] ?? 0;
  for (;;) {
    while (restA === 0 && ia < a.length) restA = a[(ia += 1)] ?? 0;
    while (restB === 0 && ib < b.length) restB = b[(ib += 1)] ?? 0;
    if (ia >= a.length || ib >= b.length) return;
    const step = Math.min(restA, restB);
    visit(step, (ia & 1) as 0 | 1, (ib & 1) as 0 | 1);
    restA -= step;
    restB -= step;
  }
}
