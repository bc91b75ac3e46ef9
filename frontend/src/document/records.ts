/** What is saved. These are the wire records of /api/v1, in image space. */
import { areaOf, bboxOf, encodeCounts, type RleMask, type Runs } from "../masks/rle";
import type { AttributeSchema } from "./attributes";
import type { PostRules } from "../masks/post";
import type { Recipe } from "./recipe";

export interface PersonRef {
  id: string;
  name: string;
}

export interface MaskRecord extends RleMask {
  /** Foreground pixels; the server computes its own. */
  area: number;
  /** [x, y, width, height] in image pixels. */
  bbox: [number, number, number, number];
  sha256?: string;
}

export function maskOf(runs: Runs, size: [number, number]): MaskRecord {
  return { size, counts: encodeCounts(runs), area: areaOf(runs), bbox: bboxOf(runs, size[0]) };
}

export interface Verdict {
  verdict: "accepted" | "rejected";
  reason: string;
  note: string;
  reviewer: PersonRef;
  annotation_version: number;
}

export interface AnnotationRecord {
  id: string;
  image: string;
  layer: string;
  label: string | null;
  mask: MaskRecord;
  recipe: Recipe | null;
  attributes: Record<string, unknown>;
  track: string | null;
  iscrowd: boolean;
  order_key: string;
  version: number;
  seq: number;
  author: PersonRef;
  deleted: boolean;
  verdict: Verdict | null;
  created: string;
  updated: string;
}

export interface LabelRecord {
  id: string;
  name: string;
  colour: string;
  kind: "thing" | "stuff";
  parent: string | null;
  order: number;
  hotkey: string;
  /** How masks of this label are tidied when they are made. */
  post_rules?: PostRules;
  version: number;
  deleted?: boolean;
  attribute_schema?: AttributeSchema;
}
