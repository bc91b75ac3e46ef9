/**
 * Which of the decoder's masks are offered and which one is taken when nobody chooses. The same
 * rule as workers/sam/selection.py, in words in docs/model.md.
 *
 * One click alone, without a box or a fed-back mask, is ambiguous: each mask scores its predicted
 * IoU + 0.5 x stability - 0.3 for every click it disobeys, + 0.1 for the single mask, and the best
 * is taken. Some models are rated so for a second click too (`scored_clicks`). With more than that
 * the single mask is taken; the others can still be cycled to.
 */
import { clickCell } from "../masks/correction";
import type { BundleManifest } from "./bundle";
import type { DecodeAnswer, DecodePrompt } from "./protocol";

export interface Choice {
  /** Mask indices in the order they are shown and cycled. */
  offered: number[];
  /** The one taken when nobody chooses. */
  preferred: number;
  /** Shown beside the cursor: a person should look. */
  ambiguous: boolean;
}

const STABILITY_OFFSET = 1;
const STABILITY_WEIGHT = 0.5;
const CONTRADICTION_PENALTY = 0.3;
/** The single mask is the safer guess when the ratings are close. */
const SINGLE_BONUS = 0.1;
/** So many masks are shown for an ambiguous click. */
const SHOWN = 3;

/** IoU of the mask at threshold + offset with itself at - offset, over the whole grid. */
export function stability(logits: Float32Array): number {
  let firm = 0;
  let loose = 0;
  for (const logit of logits) {
    if (logit > STABILITY_OFFSET) firm += 1;
    if (logit > -STABILITY_OFFSET) loose += 1;
  }
  return firm / Math.max(loose, 1);
}

/** How many clicks the mask disobeys; a click is looked up in its low-res cell. */
export function contradictions(
  logits: Float32Array,
  size: { width: number; height: number },
  prompt: Pick<DecodePrompt, "coords" | "labels">,
  inputSize: number,
): number {
  let broken = 0;
  prompt.labels.forEach((label, i) => {
    if (label !== 0 && label !== 1) return;
    const column = clickCell(prompt.coords[2 * i]!, size.width, inputSize);
    const row = clickCell(prompt.coords[2 * i + 1]!, size.height, inputSize);
    if (logits[row * size.width + column]! > 0 !== (label === 1)) broken += 1;
  });
  return broken;
}

export function isAmbiguous(prompt: DecodePrompt): boolean {
  return prompt.maskInput === null && prompt.labels.filter((label) => label >= 0).length === 1;
}

function isScored(prompt: DecodePrompt, scoredClicks: number): boolean {
  const clicks = prompt.labels.filter((label) => label >= 0).length;
  const boxed = prompt.labels.some((label) => label > 1);
  return isAmbiguous(prompt) || (!boxed && clicks > 1 && clicks <= scoredClicks);
}

export function chooseCandidates(
  manifest: Pick<BundleManifest, "single_candidate" | "scored_clicks" | "preprocess">,
  answer: Pick<DecodeAnswer, "logits" | "iou_predictions" | "candidates" | "width" | "height">,
  prompt: DecodePrompt,
): Choice {
  const all = Array.from({ length: answer.candidates }, (_, index) => index);
  const single = manifest.single_candidate;
  const first = (taken: number) => [taken, ...all.filter((i) => i !== taken)];
  if (!isScored(prompt, manifest.scored_clicks) || all.length === 1) {
    const offered = all.includes(single) ? first(single) : all;
    return { offered, preferred: offered[0] ?? 0, ambiguous: false };
  }
  const inputSize = Math.max(...manifest.preprocess.input_size);
  const size = answer.width * answer.height;
  const scores = all.map((index) => {
    const logits = answer.logits.subarray(index * size, (index + 1) * size);
    return (
      answer.iou_predictions[index]! +
      STABILITY_WEIGHT * stability(logits) -
      CONTRADICTION_PENALTY * contradictions(logits, answer, prompt, inputSize) +
      (index === single ? SINGLE_BONUS : 0)
    );
  });
  const ranked = [...all].sort((a, b) => scores[b]! - scores[a]! || a - b);
  const preferred = ranked[0]!;
  if (!isAmbiguous(prompt)) return { offered: first(preferred), preferred, ambiguous: false };
  // The single mask repeats one of the others: it is shown only when it is the best.
  const shown = ranked.filter((index) => index === preferred || index !== single).slice(0, SHOWN);
  return { offered: shown.sort((a, b) => a - b), preferred, ambiguous: true };
}
