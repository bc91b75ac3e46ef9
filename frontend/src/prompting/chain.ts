/**
 * The prompt in progress as a chain of steps. Every step holds all prompts so far; the logits of
 * an answered step are fed back into the next one. Pure: a chain is a value.
 */
import type { DecodeAnswer } from "../decoder/protocol";
import type { Choice } from "../decoder/candidates";
import type { DecodeStep, Prompts, Recipe } from "../document/recipe";
import type { ModelFrame } from "../geometry/spaces";
import { CORRECTS_FROM } from "../masks/correction";
import { stabilityOf, type LowResMask } from "../masks/upscale";

export interface ChainStep {
  prompts: Prompts;
  /** Clicks and drags of this step: 1, or 0 for a step that came from a recipe. */
  clicks: number;
  /** False when a point was moved or removed: the logits before it say nothing any more. */
  extends: boolean;
  decoded: DecodedStep | null;
}

export interface DecodedStep {
  answer: DecodeAnswer;
  choice: Choice;
  candidate: number;
  /** Index of the step whose logits were fed back. */
  feedbackFrom: number | null;
  frame: ModelFrame;
  /** The preferred candidate's logits are those fed back, corrected by the newest click. */
  corrected: boolean;
  /** What the second look made of candidates, by index. */
  refined: ReadonlyMap<number, LowResMask>;
}

/** The mask that is shown and taken: refined where a second look has answered. */
export function shownOf(decoded: DecodedStep): LowResMask {
  return decoded.refined.get(decoded.candidate) ?? lowResOf(decoded);
}

export function lowResOf(decoded: DecodedStep, candidate = decoded.candidate): LowResMask {
  const { answer, frame } = decoded;
  const size = answer.width * answer.height;
  return {
    logits: answer.logits.subarray(candidate * size, (candidate + 1) * size),
    width: answer.width,
    height: answer.height,
    frame,
  };
}

/** The last answered step that step `index` may build on, or null. */
export function feedbackSource(steps: readonly ChainStep[], index: number): number | null {
  for (let i = index; i > 0; i -= 1) {
    if (!steps[i]!.extends) return null;
    if (steps[i - 1]!.decoded) return i - 1;
  }
  return null;
}

/** Whether step `index` is the one click more that corrects what step `fedFrom` showed. */
export function corrects(steps: readonly ChainStep[], index: number, fedFrom: number): boolean {
  const points = steps[index]!.prompts.points.length;
  return points >= CORRECTS_FROM && points === steps[fedFrom]!.prompts.points.length + 1;
}

/** The recipe of the last step: only the steps whose logits really went into it. */
export function recipeOf(
  steps: readonly ChainStep[],
  bundle: string,
  threshold: number,
): Recipe | null {
  const used: number[] = [];
  let at: number | null = steps.length - 1;
  while (at !== null) {
    const decoded: DecodedStep | null | undefined = steps[at]?.decoded;
    if (!decoded) return null;
    used.unshift(at);
    at = decoded.feedbackFrom;
  }
  const recipeSteps = used.map((index, position): DecodeStep => {
    const { prompts, decoded } = steps[index]!;
    const { answer, candidate } = decoded!;
    return {
      type: "decode",
      bundle,
      view: "full",
      prompts,
      feedback_from: position === 0 ? null : position - 1,
      candidate,
      iou_predictions: Array.from(answer.iou_predictions, round4),
      stability: round4(stabilityOf(lowResOf(decoded!), threshold)),
      threshold,
      ...(decoded!.corrected && candidate === decoded!.choice.preferred
        ? { corrected: true as const }
        : {}),
      ...(position === used.length - 1 && decoded!.refined.has(candidate)
        ? { refined: true as const }
        : {}),
    };
  });
  return { version: 1, steps: recipeSteps };
}

const round4 = (value: number) => Math.round(value * 1e4) / 1e4;

/** What a stored step says of how its mask was chosen. */
export type Recorded = Pick<DecodeStep, "candidate" | "corrected">;

/** The decode steps of a stored recipe, undecoded; null when it has none to reopen. */
export function chainOf(
  recipe: Recipe | null,
): { steps: ChainStep[]; recorded: Recorded[] } | null {
  const decodes = (recipe?.steps ?? []).filter(
    (step): step is DecodeStep => step.type === "decode",
  );
  if (decodes.length === 0) return null;
  return {
    steps: decodes.map((step) => ({
      prompts: step.prompts,
      clicks: 0,
      extends: step.feedback_from !== null,
      decoded: null,
    })),
    recorded: decodes,
  };
}
