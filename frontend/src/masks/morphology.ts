/** Grow, shrink and smooth. Only the mask's own box is looked at, with a margin as wide as needed. */
import type { Bitmap } from "./bitmap";
import { areaOf, bboxOf, bitmapToRuns, runsToBitmap, type Runs } from "./rle";

type Size = readonly [number, number];

/** Adds every pixel that shares an edge with the mask. */
export function grown(runs: Runs, size: Size): Runs {
  return inBox(runs, size, 1, ({ data, width, height }, x, y) => {
    const at = y * width + x;
    return (
      data[at] === 1 ||
      (x > 0 && data[at - 1] === 1) ||
      (x < width - 1 && data[at + 1] === 1) ||
      (y > 0 && data[at - width] === 1) ||
      (y < height - 1 && data[at + width] === 1)
    );
  });
}

/** Takes away every pixel with an edge to the outside; the image's own edge is no outside. */
export function shrunk(runs: Runs, size: Size): Runs {
  return inBox(runs, size, 1, ({ data, width, height }, x, y) => {
    const at = y * width + x;
    return (
      data[at] === 1 &&
      (x === 0 || data[at - 1] === 1) &&
      (x === width - 1 || data[at + 1] === 1) &&
      (y === 0 || data[at - width] === 1) &&
      (y === height - 1 || data[at + width] === 1)
    );
  });
}

/** A pixel is what most pixels of the square `radius` around it are; even stays as it was. */
export function smoothed(runs: Runs, size: Size, radius: number): Runs {
  const reach = Math.max(1, Math.round(radius));
  let sums: Uint32Array | null = null;
  return inBox(runs, size, reach, (bitmap, x, y) => {
    sums ??= summed(bitmap);
    const { width, height } = bitmap;
    const [x0, x1] = [Math.max(0, x - reach), Math.min(width, x + reach + 1)];
    const [y0, y1] = [Math.max(0, y - reach), Math.min(height, y + reach + 1)];
    const at = (cx: number, cy: number) => sums![cy * (width + 1) + cx]!;
    const set = at(x1, y1) - at(x0, y1) - at(x1, y0) + at(x0, y0);
    // What lies beyond the box but in the image is background, and counts as such.
    const all = windowArea(bitmap, size, x, y, reach);
    return 2 * set === all ? bitmap.data[y * width + x] === 1 : 2 * set > all;
  });
}

function windowArea(bitmap: Bitmap, [height, width]: Size, x: number, y: number, reach: number) {
  const [ix, iy] = [bitmap.x + x, bitmap.y + y];
  const across = Math.min(width, ix + reach + 1) - Math.max(0, ix - reach);
  const down = Math.min(height, iy + reach + 1) - Math.max(0, iy - reach);
  return across * down;
}

/** Summed-area table with a row and a column of zeros in front. */
function summed({ data, width, height }: Bitmap): Uint32Array {
  const sums = new Uint32Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y += 1) {
    let row = 0;
    for (let x = 0; x < width; x += 1) {
      row += data[y * width + x]!;
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1]! + row;
    }
  }
  return sums;
}

/** A new mask, pixel by pixel, inside the old one's box with a margin. */
function inBox(
  runs: Runs,
  size: Size,
  margin: number,
  isSet: (bitmap: Bitmap, x: number, y: number) => boolean,
): Runs {
  if (areaOf(runs) === 0) return runs;
  const [height, width] = size;
  const [x, y, w, h] = bboxOf(runs, height);
  const [x0, y0] = [Math.max(0, x - margin), Math.max(0, y - margin)];
  const [x1, y1] = [Math.min(width, x + w + margin), Math.min(height, y + h + margin)];
  const before = runsToBitmap(runs, height, [x0, y0, x1 - x0, y1 - y0]);
  const after = { ...before, data: new Uint8Array(before.data.length) };
  for (let cy = 0; cy < before.height; cy += 1) {
    for (let cx = 0; cx < before.width; cx += 1) {
      if (isSet(before, cx, cy)) after.data[cy * before.width + cx] = 1;
    }
  }
  return bitmapToRuns(after, size);
}
