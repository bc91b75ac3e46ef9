/** How a mask was made (contract: recipe version 1). Coordinates are image space only. */
import type { MaskPatch } from "../masks/patch";
import type { PostRules } from "../masks/post";
import type { RleMask } from "../masks/rle";

export interface PromptPoint {
  x: number;
  y: number;
  label: 0 | 1;
}

/** [x0, y0, x1, y1], x1 and y1 exclusive edges. */
export type PromptBox = [number, number, number, number];

/** A line drawn over what belongs to the object, or does not: the points the model was given. */
export interface Scribble {
  label: 0 | 1;
  points: [number, number][];
}

export interface Prompts {
  points: PromptPoint[];
  boxes: PromptBox[];
  scribbles: Scribble[];
  mask_input: null;
  text: null;
  exemplars: unknown[];
}

export interface DecodeStep {
  type: "decode";
  bundle: string;
  view: string;
  prompts: Prompts;
  /** Index of the step whose chosen low-res logits were fed back, or null. */
  feedback_from: number | null;
  candidate: number;
  iou_predictions: number[];
  stability: number;
  threshold: number;
  /** The newest click corrected the mask fed back: all else of that mask stayed. */
  corrected?: true;
  /** The mask is that of the second look at its edges. */
  refined?: true;
}

/** Pixels set and cleared by hand. */
export interface PaintStep {
  type: "paint";
  add: RleMask | null;
  remove: RleMask | null;
  /** x0, y0, x1, y1, ...: drawn as a polygon, and to be edited as one. */
  polygon?: number[];
  /** The pixels this step turned over, so that it can be taken out again. */
  changed?: MaskPatch | null;
}

/** Tidying by rules. */
export interface PostStep extends PostRules {
  type: "post";
  /** The pixels this step turned over. */
  changed: MaskPatch | null;
}

/** Made of other objects, each named as id@version. */
export interface CombineStep {
  type: "combine";
  op: "union" | "subtract" | "intersect" | "split" | "merge";
  sources: string[];
}

export type RecipeStep = DecodeStep | PaintStep | PostStep | CombineStep;

export interface Recipe {
  version: 1;
  steps: RecipeStep[];
}

/** Every point the model is asked with, those of scribbles among them. */
export function askedPoints({ points, scribbles }: Prompts): PromptPoint[] {
  const drawn = scribbles.flatMap(({ label, points }) =>
    points.map(([x, y]): PromptPoint => ({ x, y, label })),
  );
  return [...points, ...drawn];
}

export function emptyPrompts(): Prompts {
  return { points: [], boxes: [], scribbles: [], mask_input: null, text: null, exemplars: [] };
}
