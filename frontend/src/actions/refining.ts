/** The second look at a mask's edges: pixels from the picture, an answer from the decoder. */
import { askedPoints } from "../document/recipe";
import type { DecoderClient } from "../decoder/client";
import { imageToModel, modelFrame } from "../geometry/spaces";
import { clickedParts, cropAround, logitsInCrop, type Crop } from "../masks/crop";
import type { Refine } from "../prompting/prompter";

/** A rectangle of the open picture scaled to width x height, RGBA; null while it is not there. */
export type ReadPixels = (crop: Crop, width: number, height: number) => Uint8ClampedArray | null;

/** When the frame that shows the decoded mask has been painted. */
const painted = () =>
  new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

export function makeRefine(
  decoder: Pick<DecoderClient, "refine">,
  readPixels: ReadPixels,
  wanted: () => boolean,
): Refine {
  return async (target, low, prompts) => {
    const side = target.manifest.refine_size;
    if (!wanted() || !target.manifest.graphs.refine || !side) return null;
    await painted();
    const asked = askedPoints(prompts);
    const positives = asked.filter((point) => point.label === 1);
    const parts = clickedParts(low, positives);
    const crop = cropAround(parts, positives);
    if (!crop) return null;
    const frame = modelFrame(crop.x1 - crop.x0, crop.y1 - crop.y0, side);
    const pixels = readPixels(crop, frame.newWidth, frame.newHeight);
    if (!pixels) return null;
    const coords = asked.flatMap((point) => {
      const { x, y } = imageToModel(frame, { x: point.x - crop.x0, y: point.y - crop.y0 });
      return [x, y];
    });
    const labels: number[] = asked.map((point) => point.label);
    if (labels.length === 0) {
      // A box alone: the graph wants at least one point, and this one counts for nothing.
      coords.push(0, 0);
      labels.push(-1);
    }
    const logits = await decoder.refine(target.bundle, {
      pixels,
      newWidth: frame.newWidth,
      newHeight: frame.newHeight,
      logits: logitsInCrop(parts, crop, side),
      coords: Float32Array.from(coords),
      labels: Float32Array.from(labels),
    });
    const { imageWidth, imageHeight } = target.frame;
    const place = { x0: crop.x0, y0: crop.y0, imageWidth, imageHeight };
    return { logits, width: side, height: side, frame, place };
  };
}
