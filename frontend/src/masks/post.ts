/** What is tidied in a finished mask. The rules of a label, or of one object. */
import { smoothed } from "./morphology";
import { largestPart, withoutHoles, withoutSpecks } from "./regions";
import type { Runs } from "./rle";

export interface PostRules {
  /** Parts of fewer pixels go; the largest always stays. */
  min_area?: number;
  /** Holes are filled: all, or those of at most so many pixels. */
  fill_holes?: boolean | number;
  /** Edges become what most pixels so far around are. */
  smooth?: boolean | number;
  largest_part?: boolean;
}

/** Smooth first, since it may make specks and holes; holes last, since parts may have had them. */
export function tidied(runs: Runs, size: readonly [number, number], rules: PostRules): Runs {
  let mask = runs;
  const { smooth, min_area, fill_holes } = rules;
  if (smooth) mask = smoothed(mask, size, smooth === true ? 2 : smooth);
  if (rules.largest_part) mask = largestPart(mask, size);
  if (min_area) mask = withoutSpecks(mask, size, min_area);
  if (fill_holes) mask = withoutHoles(mask, size, fill_holes === true ? Infinity : fill_holes);
  return mask;
}

export const isTidying = (rules: PostRules): boolean => Object.values(rules).some(Boolean);
