/**
 * A mask in thousands of pieces, as pixels: filling and stroking its outline would take the frame.
 * What a decoder says of noise looks like this, or of a meadow; nobody takes it, but it is on
 * screen while the pointer goes on.
 */
import { lowResFactor } from "../../geometry/spaces";
import type { LowResMask } from "../../masks/upscale";

/** Corners of an outline above which it is drawn as pixels. */
const WILD = 12_000;

/** Whether the outline would have so many corners: one for each change between neighbours. */
export function isWild({ logits, width }: LowResMask, threshold: number): boolean {
  let corners = 0;
  for (let at = width; at < logits.length; at += 1) {
    const inside = logits[at]! > threshold;
    if (inside !== logits[at - 1]! > threshold) corners += 1;
    if (inside !== logits[at - width]! > threshold) corners += 1;
  }
  return corners > WILD;
}

/** One cell a pixel, opaque where the mask is. */
export function cellsAsPixels(low: LowResMask, threshold: number, colour: string): OffscreenCanvas {
  const canvas = new OffscreenCanvas(low.width, low.height);
  const context = canvas.getContext("2d")!;
  context.fillStyle = colour;
  context.fillRect(0, 0, low.width, low.height);
  const pixels = context.getImageData(0, 0, low.width, low.height);
  low.logits.forEach((logit, at) => {
    if (logit <= threshold) pixels.data[4 * at + 3] = 0;
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** Draws it where it lies in image space, under the context's transform. */
export function drawCells(
  context: CanvasRenderingContext2D,
  cells: OffscreenCanvas,
  low: LowResMask,
): void {
  const width = low.width / lowResFactor(low.frame, low.width, "x");
  const height = low.height / lowResFactor(low.frame, low.height, "y");
  context.drawImage(cells, low.place?.x0 ?? 0, low.place?.y0 ?? 0, width, height);
}
