/**
 * COCO run-length encoding: column-major runs starting with background, strings byte-equal to
 * pycocotools (golden file: tests/contract/rle.json).
 */
import type { Bitmap } from "./bitmap";

export interface RleMask {
  /** [height, width] */
  size: [number, number];
  /** COCO's compressed column-major counts string. */
  counts: string;
}

/** Uncompressed runs: background, foreground, background, ... The sum is height * width. */
export type Runs = Uint32Array<ArrayBuffer>;

export class RleError extends Error {}

/** COCO's LEB128-like text: 5 bits a character from chr(48), runs from the 4th on as deltas. */
export function encodeCounts(runs: Runs): string {
  const codes: number[] = [];
  for (let i = 0; i < runs.length; i += 1) {
    let value = runs[i]!;
    if (i > 2) value -= runs[i - 2]!;
    let more = true;
    while (more) {
      let chunk = value & 0x1f;
      value >>= 5;
      more = chunk & 0x10 ? value !== -1 : value !== 0;
      if (more) chunk |= 0x20;
      codes.push(chunk + 48);
    }
  }
  let text = "";
  for (let i = 0; i < codes.length; i += 8192) {
    text += String.fromCharCode(...codes.slice(i, i + 8192));
  }
  return text;
}

/** Reads a counts string and checks that it describes exactly `height * width` pixels. */
export function decodeCounts(text: string, size: readonly [number, number]): Runs {
  const runs: number[] = [];
  let total = 0;
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let shift = 0;
    let more = true;
    while (more) {
      if (at >= text.length || shift > 30) throw new RleError("The mask's counts end too early.");
      const chunk = text.charCodeAt(at) - 48;
      if (chunk < 0 || chunk > 63)
        throw new RleError("The mask's counts hold a foreign character.");
      value |= (chunk & 0x1f) << shift;
      more = (chunk & 0x20) !== 0;
      at += 1;
      shift += 5;
      if (!more && chunk & 0x10) value |= -1 << shift;
    }
    if (runs.length > 2) value += runs[runs.length - 2]!;
    if (value < 0) throw new RleError("The mask's counts hold a negative run.");
    runs.push(value);
    total += value;
  }
  if (total !== size[0] * size[1]) throw new RleError("The mask's counts do not fill its size.");
  return Uint32Array.from(runs);
}

export function areaOf(runs: Runs): number {
  let area = 0;
  for (let i = 1; i < runs.length; i += 2) area += runs[i]!;
  return area;
}

/** [x, y, width, height]; all zero for an empty mask. */
export function bboxOf(runs: Runs, height: number): [number, number, number, number] {
  let at = 0;
  let x0 = Infinity;
  let y0 = Infinity;
  let x1 = -1;
  let y1 = -1;
  for (let i = 0; i < runs.length; i += 1) {
    const length = runs[i]!;
    if (i % 2 === 1 && length > 0) {
      const first = Math.floor(at / height);
      const last = Math.floor((at + length - 1) / height);
      x0 = Math.min(x0, first);
      x1 = Math.max(x1, last);
      const top = at - first * height;
      const bottom = at + length - 1 - last * height;
      y0 = Math.min(y0, first === last ? top : 0);
      y1 = Math.max(y1, first === last ? bottom : height - 1);
    }
    at += length;
  }
  return x1 < 0 ? [0, 0, 0, 0] : [x0, y0, x1 - x0 + 1, y1 - y0 + 1];
}

/** Symmetric difference: a boundary of the result is a boundary of exactly one operand. */
export function xorRuns(a: Runs, b: Runs): Runs {
  const out: number[] = [];
  let ia = 0;
  let ib = 0;
  let restA = a[0] ?? 0;
  let restB = b[0] ?? 0;
  let value = 0;
  let length = 0;
  while (ia < a.length || ib < b.length) {
    while (restA === 0 && ia < a.length) restA = a[(ia += 1)] ?? 0;
    while (restB === 0 && ib < b.length) restB = b[(ib += 1)] ?? 0;
    if (ia >= a.length || ib >= b.length) break;
    const step = Math.min(restA, restB);
    const next = (ia ^ ib) & 1;
    if (next !== value) {
      out.push(length);
      length = 0;
      value = next;
    }
    length += step;
    restA -= step;
    restB -= step;
  }
  out.push(length);
  return Uint32Array.from(out);
}

/** The mask inside `bbox`, row-major, ready for tracing and drawing. */
export function runsToBitmap(
  runs: Runs,
  height: number,
  bbox: readonly [number, number, number, number],
): Bitmap {
  const [x0, y0, width, boxHeight] = bbox;
  const data = new Uint8Array(width * boxHeight);
  let at = 0;
  for (let i = 0; i < runs.length; i += 1) {
    const end = at + runs[i]!;
    if (i % 2 === 1) {
      let x = Math.floor(at / height);
      let y = at - x * height;
      for (let p = at; p < end; p += 1) {
        const cx = x - x0;
        const cy = y - y0;
        if (cx >= 0 && cy >= 0 && cx < width && cy < boxHeight) data[cy * width + cx] = 1;
        y += 1;
        if (y === height) {
          y = 0;
          x += 1;
        }
      }
    }
    at = end;
  }
  return { x: x0, y: y0, width, height: boxHeight, data };
}

/** Runs of a cropped bitmap placed in an image of `size`. */
export function bitmapToRuns(bitmap: Bitmap, size: readonly [number, number]): Runs {
  const [height, width] = size;
  const runs: number[] = [];
  let value = 0;
  let start = 0;
  for (let cx = 0; cx < bitmap.width; cx += 1) {
    const column = (bitmap.x + cx) * height + bitmap.y;
    for (let cy = 0; cy <= bitmap.height; cy += 1) {
      // One step below the crop the column is background again (unless the crop fills it).
      const inside = cy < bitmap.height;
      if (!inside && bitmap.height >= height) break;
      const next = inside ? bitmap.data[cy * bitmap.width + cx]! : 0;
      if (next !== value) {
        runs.push(column + cy - start);
        start = column + cy;
        value = next;
      }
      if (!inside) break;
    }
  }
  // The last open run reaches the end of its column, the rest is background.
  if (value === 1) {
    const end = (bitmap.x + bitmap.width - 1) * height + bitmap.y + bitmap.height;
    runs.push(end - start);
    start = end;
  }
  if (height * width > start || runs.length === 0) runs.push(height * width - start);
  return Uint32Array.from(runs);
}
