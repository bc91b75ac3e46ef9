/** From a local diff to the operations of the wire (contract: POST operations). */
import { runsOf } from "../masks/decoded";
import { patchBetween, type MaskPatch } from "../masks/patch";
import type { Diff } from "./diff";
import { sameContent } from "./history";
import { recipePatch } from "./recipe-patch";
import type { AnnotationRecord } from "./records";

export interface Effort {
  active_ms: number;
  clicks: number;
  tool: string;
  source: string;
}

export interface OperationDraft {
  kind: string;
  target: string;
  base_version: number;
  payload: Record<string, unknown>;
}

/** `known` says whether the server has (or will have) seen the record before: then restore. */
export function operationsOf(diff: Diff, known: (id: string) => boolean): OperationDraft[] {
  const drafts: OperationDraft[] = [];
  // Pixels are given away before they are taken: where objects may not overlap, order matters.
  for (const record of diff.removed) {
    drafts.push(draft("annotation.delete", record, record.version, {}));
  }
  for (const [before, after] of [...diff.updated].sort((a, b) => gain(a) - gain(b))) {
    const payload = changedFields(before, after);
    if (Object.keys(payload).length > 0) {
      drafts.push(draft("annotation.update", after, before.version, payload));
    }
  }
  for (const record of diff.added) {
    drafts.push(
      known(record.id)
        ? draft("annotation.restore", record, record.version - 1, {})
        : draft("annotation.create", record, 0, createPayload(record)),
    );
  }
  return drafts;
}

const gain = ([before, after]: [AnnotationRecord, AnnotationRecord]) =>
  after.mask.area - before.mask.area;

function draft(
  kind: string,
  record: AnnotationRecord,
  base_version: number,
  payload: Record<string, unknown>,
): OperationDraft {
  return { kind, target: record.id, base_version, payload };
}

function wireMask(record: AnnotationRecord) {
  return { size: record.mask.size, counts: record.mask.counts };
}

export function createPayload(record: AnnotationRecord): Record<string, unknown> {
  return {
    image: record.image,
    layer: record.layer,
    label: record.label,
    mask: wireMask(record),
    ...(record.recipe ? { recipe: record.recipe } : {}),
    ...(Object.keys(record.attributes).length > 0 ? { attributes: record.attributes } : {}),
  };
}

/** The patch from one mask to the next where it says less than the mask itself. */
function shorterPatch(before: AnnotationRecord, after: AnnotationRecord): MaskPatch | null {
  const patch = patchBetween(runsOf(before.mask), runsOf(after.mask), after.mask.size[0]);
  return patch && 2 * patch.counts.length < after.mask.counts.length ? patch : null;
}

function changedFields(before: AnnotationRecord, after: AnnotationRecord) {
  const payload: Record<string, unknown> = {};
  if (sameContent(before, after) && before.recipe === after.recipe) return payload;
  if (before.label !== after.label) payload["label"] = after.label;
  if (before.mask.counts !== after.mask.counts) {
    payload["mask"] = wireMask(after);
    const patch = shorterPatch(before, after);
    if (patch) payload["mask_patch"] = { ...patch, base_version: before.version };
  }
  if (before.recipe !== after.recipe && after.recipe) {
    payload["recipe"] = after.recipe;
    const patch = recipePatch(before.recipe, after.recipe, after.mask.size);
    if (patch) payload["recipe_patch"] = patch;
  }
  if (before.iscrowd !== after.iscrowd) payload["iscrowd"] = after.iscrowd;
  if (before.order_key !== after.order_key) payload["order_key"] = after.order_key;
  if (JSON.stringify(before.attributes) !== JSON.stringify(after.attributes)) {
    payload["attributes"] = after.attributes;
  }
  return payload;
}
