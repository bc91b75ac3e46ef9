/** How a mask was made (contract: recipe version 1). Coordinates are image space only. */
import type { RleMask } from "../masks/rle";

export interface PromptPoint {
  x: number;
  y: number;
  label: 0 | 1;
}

/** [x0, y0, x1, y1], x1 and y1 exclusive edges. */
export type PromptBox = [number, number, number, number];

export interface Prompts {
  points: PromptPoint[];
  boxes: PromptBox[];
  scribbles: unknown[];
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
}

export type RecipeStep =
  DecodeStep | PaintStep | { type: "post" | "combine"; [key: string]: unknown };

export interface Recipe {
  version: 1;
  steps: RecipeStep[];
}

export function emptyPrompts(): Prompts {
  return { points: [], boxes: [], scribbles: [], mask_input: null, text: null, exemplars: [] };
}
