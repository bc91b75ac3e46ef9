/**
 * What a later click may change of the mask before it. From the third click on a click corrects:
 * a positive one only adds and a negative one only removes, within reach of itself; near the edge
 * of the mask the reach is short, far from every edge it is long. The first two clicks still say
 * which object is meant. The same rule as workers/sam/correction.py, with its reasons (golden
 * file: tests/contract/correction.json).
 */

/** The first click that corrects. */
export const CORRECTS_FROM = 3;
/** Times the distance from the click to the edge of the mask before it. */
const REACH = 3;
/** In low-res cells. */
const LEAST_REACH = 4;

export interface NewestClick {
  /** In model space. */
  x: number;
  y: number;
  positive: boolean;
}

/** The index of the low-res cell, along one axis, that a place in model space lies in. */
export function clickCell(at_model: number, side: number, inputSize: number): number {
  return Math.min(side - 1, Math.max(0, Math.trunc(((at_model + 0.5) * side) / inputSize)));
}

/** `decoded` within reach of the click and in its direction, `before` elsewhere; h x w logits. */
export function corrected(
  before: Float32Array,
  decoded: Float32Array,
  size: { width: number; height: number },
  click: NewestClick,
  inputSize: number,
): Float32Array {
  const column = clickCell(click.x, size.width, inputSize);
  const row = clickCell(click.y, size.height, inputSize);
  const reach = Math.max(LEAST_REACH, REACH * depth(before, size, row, column, click.positive));
  const found = before.slice();
  const [top, bottom] = reached(row, reach, size.height);
  const [left, right] = reached(column, reach, size.width);
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      if ((y - row) ** 2 + (x - column) ** 2 > reach * reach) continue;
      const at = y * size.width + x;
      const [was, is] = [before[at]!, decoded[at]!];
      found[at] = click.positive ? Math.max(was, is) : Math.min(was, is);
    }
  }
  return found;
}

function reached(from: number, reach: number, side: number): [number, number] {
  return [Math.max(0, Math.floor(from - reach)), Math.min(side, Math.floor(from + reach) + 1)];
}

/**
 * How far the click is from the other side of the mask's edge, in cells; the grid's border is an
 * edge as well. 0 where the mask has already what the click asks for.
 */
function depth(
  mask: Float32Array,
  { width, height }: { width: number; height: number },
  row: number,
  column: number,
  positive: boolean,
): number {
  const inside = mask[row * width + column]! > 0;
  if (inside === positive) return 0;
  let least = Math.min(row + 1, column + 1, height - row, width - column) ** 2;
  for (let y = 0; y < height; y += 1) {
    const down = (y - row) ** 2;
    if (down >= least) continue;
    for (let x = 0; x < width; x += 1) {
      if (mask[y * width + x]! > 0 === inside) continue;
      least = Math.min(least, down + (x - column) ** 2);
    }
  }
  return Math.sqrt(least);
}
