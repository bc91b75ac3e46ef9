/** What there is to draw and to show of a prompt, made from its chain. Pure. */
import { askedPoints, type Prompts } from "../document/recipe";
import { clickedParts } from "../masks/crop";
import type { LowResMask } from "../masks/upscale";
import { lowResOf, shownOf, type ChainStep, type DecodedStep } from "./chain";

export interface Candidate {
  index: number;
  name: string;
  iou_prediction: number;
  low: LowResMask;
}

/** What there is to draw and to show; a new object on every change. */
export interface PromptView {
  prompts: Prompts | null;
  /** The mask of the prompt, or of the pointer when no prompt is open. */
  mask: { low: LowResMask; threshold: number; iou_prediction: number } | null;
  kind: "none" | "hover" | "prompt";
  candidates: Candidate[];
  candidate: number;
  ambiguous: boolean;
  /** A decode for this prompt is on its way. */
  waiting: boolean;
  /** The annotation whose prompts are open again. */
  reopened: string | null;
  error: string | null;
  /** The model's opinion of the mask before the newest click, where it was clearly higher. */
  better: number | null;
}

export const NOTHING: PromptView = {
  prompts: null,
  mask: null,
  kind: "none",
  candidates: [],
  candidate: 0,
  ambiguous: false,
  waiting: false,
  reopened: null,
  error: null,
  better: null,
};

export interface PromptState {
  steps: readonly ChainStep[];
  hover: DecodedStep | null;
  threshold: number;
  reopened: string | null;
  error: string | null;
  /** The bundle's names of its masks, by index. */
  names: readonly string[];
}

export function viewOf(state: PromptState): PromptView {
  const { steps, hover, threshold, error } = state;
  const last = steps.at(-1);
  if (!last) {
    if (!hover) return { ...NOTHING, error };
    return { ...NOTHING, kind: "hover", mask: maskOf(hover, threshold) };
  }
  // While the newest click is on its way, the mask before it stays.
  const shown = last.decoded ?? [...steps].reverse().find((step) => step.decoded)?.decoded;
  return {
    prompts: last.prompts,
    mask: shown ? maskOf(shown, threshold) : null,
    kind: "prompt",
    candidates: last.decoded ? candidatesOf(last.decoded, last.prompts, state.names) : [],
    candidate: last.decoded?.candidate ?? 0,
    ambiguous: last.decoded?.choice.ambiguous ?? false,
    waiting: !last.decoded && !error,
    reopened: state.reopened,
    error,
    better: betterBefore(steps),
  };
}

/** So much the model's opinion has to fall before a click is called into question. */
const WORSE_BY = 0.08;

function betterBefore(steps: readonly ChainStep[]): number | null {
  const [before, last] = [steps.at(-2)?.decoded, steps.at(-1)?.decoded];
  if (!before || !last) return null;
  const opinion = ({ answer, candidate }: DecodedStep) => answer.iou_predictions[candidate] ?? 0;
  return opinion(before) - opinion(last) > WORSE_BY ? opinion(before) : null;
}

function maskOf(decoded: DecodedStep, threshold: number) {
  return {
    low: shownOf(decoded),
    threshold,
    iou_prediction: decoded.answer.iou_predictions[decoded.candidate] ?? 0,
  };
}

function candidatesOf(
  decoded: DecodedStep,
  prompts: Prompts,
  names: readonly string[],
): Candidate[] {
  const { answer, choice } = decoded;
  // A second look leaves out what nobody clicked: a small picture of it should as well.
  const clicked = askedPoints(prompts).filter((point) => point.label === 1);
  const small = (low: LowResMask) => (decoded.refined.size > 0 ? clickedParts(low, clicked) : low);
  return choice.offered.map((index) => ({
    index,
    name: names[index] ?? `mask ${index}`,
    iou_prediction: answer.iou_predictions[index] ?? 0,
    low: small(lowResOf(decoded, index)),
  }));
}
