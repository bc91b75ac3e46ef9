/**
 * The crop that the second look at the edges sees: around the whole mask and its positive clicks.
 * The same rules as workers/sam/refinement.py (golden file: tests/contract/crop.json).
 */
import { lowResFactor, modelFrame, type Point } from "../geometry/spaces";
import type { LowResMask } from "./upscale";

/** Whole pixels of image space, inside the image; x1 and y1 are exclusive. */
export interface Crop {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

const MARGIN = 0.3;
const LEAST_SIDE = 0.06;

/**
 * The logits with every part of the mask turned down that no positive click lies in: look-alikes
 * that the decoder lit up as well. Parts are 8-connected; as they are where no click lies in any.
 */
export function clickedParts(low: LowResMask, positives: readonly Point[]): LowResMask {
  const { logits, width, height, frame } = low;
  const reached = new Uint8Array(width * height);
  const stack: number[] = [];
  const reach = (x: number, y: number) => {
    const at = y * width + x;
    if (x < 0 || y < 0 || x >= width || y >= height || reached[at] || logits[at]! <= 0) return;
    reached[at] = 1;
    stack.push(at);
  };
  const fx = lowResFactor(frame, width, "x");
  const fy = lowResFactor(frame, height, "y");
  for (const { x, y } of positives) {
    reach(Math.min(Math.floor(x * fx), width - 1), Math.min(Math.floor(y * fy), height - 1));
  }
  if (stack.length === 0) return low;
  while (stack.length > 0) {
    const at = stack.pop()!;
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let dy = -1; dy <= 1; dy += 1) {
      for (let dx = -1; dx <= 1; dx += 1) reach(x + dx, y + dy);
    }
  }
  return {
    ...low,
    logits: logits.map((logit, at) => (logit > 0 && !reached[at] ? -logit : logit)),
  };
}

/** Around all cells above 0 and the positive clicks; null when there is neither. */
export function cropAround(low: LowResMask, positives: readonly Point[]): Crop | null {
  const { imageWidth, imageHeight } = low.frame;
  const cells = cellsOf(low);
  const xs = positives.map((point) => point.x);
  const ys = positives.map((point) => point.y);
  if (cells) {
    const fx = lowResFactor(low.frame, low.width, "x");
    const fy = lowResFactor(low.frame, low.height, "y");
    xs.push(cells.x0 / fx, cells.x1 / fx);
    ys.push(cells.y0 / fy, cells.y1 / fy);
  }
  if (xs.length === 0) return null;
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const longest = Math.max(right - left, bottom - top);
  const least = Math.max(LEAST_SIDE * Math.max(imageWidth, imageHeight), 2);
  const [x0, x1] = grown(left, right, longest, least, imageWidth);
  const [y0, y1] = grown(top, bottom, longest, least, imageHeight);
  return { x0, y0, x1, y1 };
}

function grown(low: number, high: number, longest: number, least: number, side: number) {
  const grow = Math.max(MARGIN * longest, (least - (high - low)) / 2);
  const first = Math.min(side - 1, Math.max(0, Math.floor(low - grow)));
  const last = Math.min(side, Math.max(first + 1, Math.ceil(high + grow)));
  return [first, last] as const;
}

/** The box around all cells above 0, ends exclusive. */
function cellsOf({ logits, width, height }: LowResMask): Crop | null {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (logits[y * width + x]! <= 0) continue;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      y1 = y + 1;
    }
  }
  return x1 > x0 ? { x0, y0, x1, y1 } : null;
}

/** The logits at the cells of a crop scaled to `side`, row-major side x side; 0 in the padding. */
export function logitsInCrop(low: LowResMask, crop: Crop, side: number): Float32Array {
  const fine = modelFrame(crop.x1 - crop.x0, crop.y1 - crop.y0, side);
  const laid = new Float32Array(side * side);
  const fx = lowResFactor(low.frame, low.width, "x");
  const fy = lowResFactor(low.frame, low.height, "y");
  const stepX = fine.imageWidth / fine.newWidth;
  const stepY = fine.imageHeight / fine.newHeight;
  const clamp = (at: number, size: number) => Math.min(size - 1, Math.max(0, at));
  for (let y = 0; y < fine.newHeight; y += 1) {
    const atY = clamp((crop.y0 + (y + 0.5) * stepY) * fy - 0.5, low.height);
    const top = Math.floor(atY) * low.width;
    const bottom = Math.min(Math.floor(atY) + 1, low.height - 1) * low.width;
    const down = atY - Math.floor(atY);
    for (let x = 0; x < fine.newWidth; x += 1) {
      const atX = clamp((crop.x0 + (x + 0.5) * stepX) * fx - 0.5, low.width);
      const left = Math.floor(atX);
      const right = Math.min(left + 1, low.width - 1);
      const across = atX - left;
      const a = low.logits[top + left]!;
      const b = low.logits[top + right]!;
      const c = low.logits[bottom + left]!;
      const d = low.logits[bottom + right]!;
      const l = a + (c - a) * down;
      laid[y * side + x] = l + (b + (d - b) * down - l) * across;
    }
  }
  return laid;
}
