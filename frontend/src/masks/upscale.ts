/**
 * From low-res logits to a binary mask at image size, outside the graph. Bilinear with
 * align_corners=false, the padding cropped, then the threshold:
 *
 *   p_low = (pixel + 0.5) * factor - 0.5, clamped to the grid; mask = logit > threshold
 *
 * Along a column the value between two low-res rows is a straight line, so a run's end is found
 * by bisection over that stretch instead of by looking at every pixel. The result equals the
 * pixel-by-pixel computation, rounding included.
 */
import { lowResFactor, type ModelFrame } from "../geometry/spaces";
import type { Runs } from "./rle";

export interface LowResMask {
  logits: Float32Array;
  width: number;
  height: number;
  /** Of the image, or of the crop that the logits cover. */
  frame: ModelFrame;
  /** Where that crop lies; the mask is empty outside. Absent when the logits cover the image. */
  place?: Place;
}

export interface Place {
  x0: number;
  y0: number;
  imageWidth: number;
  imageHeight: number;
}

interface Axis {
  /** Lower low-res index and weight of the upper one, per output pixel. */
  index: Int32Array;
  weight: Float64Array;
}

function axis(pixels: number, factor: number, lowSize: number): Axis {
  const index = new Int32Array(pixels);
  const weight = new Float64Array(pixels);
  for (let p = 0; p < pixels; p += 1) {
    const at = Math.min(lowSize - 1, Math.max(0, (p + 0.5) * factor - 0.5));
    const low = Math.min(Math.floor(at), Math.max(0, lowSize - 2));
    index[p] = low;
    weight[p] = at - low;
  }
  return { index, weight };
}

/** Column-major runs of the full-size mask. */
export function upscaleToRuns(low: LowResMask, threshold: number): Runs {
  const runs = runsInFrame(low, threshold);
  return low.place ? placeRuns(runs, low.frame.imageHeight, low.place) : runs;
}

/** The runs of a crop as runs of its image. */
function placeRuns(runs: Runs, cropHeight: number, place: Place): Runs {
  const out: number[] = [];
  let end = 0; // of what is written
  let at = 0;
  for (let i = 0; i + 1 < runs.length; i += 2) {
    at += runs[i]!;
    const stop = at + runs[i + 1]!;
    // A run that goes on in the next column of the crop ends at the crop's lower edge.
    while (at < stop) {
      const column = Math.floor(at / cropHeight);
      const part = Math.min(stop, (column + 1) * cropHeight) - at;
      const y = place.y0 + (at - column * cropHeight);
      const start = (place.x0 + column) * place.imageHeight + y;
      if (start === end && out.length > 0) out[out.length - 1]! += part;
      else out.push(start - end, part);
      end = start + part;
      at += part;
    }
  }
  out.push(place.imageWidth * place.imageHeight - end);
  return Uint32Array.from(out);
}

function runsInFrame(low: LowResMask, threshold: number): Runs {
  const { imageWidth, imageHeight } = low.frame;
  const xs = axis(imageWidth, lowResFactor(low.frame, low.width, "x"), low.width);
  const ys = axis(imageHeight, lowResFactor(low.frame, low.height, "y"), low.height);
  const stretches = stretchesOf(ys.index);
  const column = new Float64Array(low.height);
  const runs: number[] = [];
  let value = false;
  let start = 0;
  const change = (at: number) => {
    runs.push(at - start);
    start = at;
    value = !value;
  };
  for (let x = 0; x < imageWidth; x += 1) {
    fillColumn(column, low, xs.index[x]!, xs.weight[x]!);
    const base = x * imageHeight;
    for (let s = 0; s < stretches.length; s += 2) {
      const first = stretches[s]!;
      const last = stretches[s + 1]!;
      const j = ys.index[first]!;
      const a = column[j]!;
      const d = (column[j + 1] ?? a) - a;
      if (a + d * ys.weight[first]! > threshold !== value) change(base + first);
      if (a + d * ys.weight[last]! > threshold !== value) {
        let before = first;
        let after = last;
        while (after - before > 1) {
          const middle = (before + after) >> 1;
          if (a + d * ys.weight[middle]! > threshold === value) before = middle;
          else after = middle;
        }
        change(base + after);
      }
    }
  }
  runs.push(imageWidth * imageHeight - start);
  return Uint32Array.from(runs);
}

/** First and last output row of every stretch that shares its low-res row pair. */
function stretchesOf(index: Int32Array): Int32Array {
  const out: number[] = [];
  for (let y = 0; y < index.length; y += 1) {
    if (y === 0 || index[y] !== index[y - 1]) out.push(y, y);
    else out[out.length - 1] = y;
  }
  return Int32Array.from(out);
}

function fillColumn(column: Float64Array, low: LowResMask, x: number, weight: number): void {
  const right = Math.min(x + 1, low.width - 1);
  for (let j = 0; j < low.height; j += 1) {
    const a = low.logits[j * low.width + x]!;
    column[j] = a + (low.logits[j * low.width + right]! - a) * weight;
  }
}

/**
 * The same mask sampled at the centres of a `width` x `height` grid over a part of the image: what
 * a screen-sized preview needs. Row-major, 0 or 1.
 */
export function upscaleRect(
  low: LowResMask,
  threshold: number,
  rect_image: { x0: number; y0: number; x1: number; y1: number },
  width: number,
  height: number,
): Uint8Array {
  const fx = lowResFactor(low.frame, low.width, "x");
  const fy = lowResFactor(low.frame, low.height, "y");
  const out = new Uint8Array(width * height);
  const stepX = (rect_image.x1 - rect_image.x0) / width;
  const stepY = (rect_image.y1 - rect_image.y0) / height;
  const clamp = (at: number, size: number) => Math.min(size - 1, Math.max(0, at));
  const row = new Float64Array(low.width);
  for (let y = 0; y < height; y += 1) {
    const atY = clamp((rect_image.y0 + (y + 0.5) * stepY) * fy - 0.5, low.height);
    const j = Math.min(Math.floor(atY), Math.max(0, low.height - 2));
    const below = Math.min(j + 1, low.height - 1) * low.width;
    for (let i = 0; i < low.width; i += 1) {
      const a = low.logits[j * low.width + i]!;
      row[i] = a + (low.logits[below + i]! - a) * (atY - j);
    }
    for (let x = 0; x < width; x += 1) {
      const atX = clamp((rect_image.x0 + (x + 0.5) * stepX) * fx - 0.5, low.width);
      const i = Math.min(Math.floor(atX), Math.max(0, low.width - 2));
      const a = row[i]!;
      if (a + ((row[i + 1] ?? a) - a) * (atX - i) > threshold) out[y * width + x] = 1;
    }
  }
  return out;
}

/** SAM's stability score: IoU of the masks at threshold + offset and threshold - offset. */
export function stabilityOf(low: LowResMask, threshold: number, offset = 1): number {
  const { width, height, frame, logits } = low;
  const validX = Math.min(width, Math.ceil((frame.newWidth * width) / frame.inputSize));
  const validY = Math.min(height, Math.ceil((frame.newHeight * height) / frame.inputSize));
  let inner = 0;
  let outer = 0;
  for (let y = 0; y < validY; y += 1) {
    for (let x = 0; x < validX; x += 1) {
      const logit = logits[y * width + x]!;
      if (logit > threshold + offset) inner += 1;
      if (logit > threshold - offset) outer += 1;
    }
  }
  return outer === 0 ? 0 : inner / outer;
}
