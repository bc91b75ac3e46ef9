/**
 * Which of the decoder's masks are offered and which one is taken by default (docs/model.md).
 *
 * One click alone is ambiguous: all masks but the single one are offered, the best rated first
 * choice. From the second point on, or with a box, the single mask is taken; the others can still
 * be cycled to.
 */
import type { BundleManifest } from "./bundle";

export interface Choice {
  /** Mask indices in the order they are shown and cycled. */
  offered: number[];
  /** The one taken when nobody chooses. */
  preferred: number;
  /** Shown beside the cursor: a person should look. */
  ambiguous: boolean;
}

export function chooseCandidates(
  manifest: Pick<BundleManifest, "candidates" | "single_candidate">,
  iou_predictions: ArrayLike<number>,
  prompt: { points: number; boxes: number; hasMaskInput: boolean },
): Choice {
  const all = Array.from({ length: iou_predictions.length }, (_, index) => index);
  const single = manifest.single_candidate;
  const others = all.filter((index) => index !== single);
  const ambiguous = prompt.points === 1 && prompt.boxes === 0 && !prompt.hasMaskInput;
  if (!ambiguous || others.length === 0) {
    const offered = all.includes(single) ? [single, ...others] : all;
    return { offered, preferred: offered[0] ?? 0, ambiguous: false };
  }
  const preferred = others.reduce((best, index) =>
    iou_predictions[index]! > iou_predictions[best]! ? index : best,
  );
  return { offered: others, preferred, ambiguous: true };
}
