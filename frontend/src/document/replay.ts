/** Kept but unsent operations laid over freshly loaded records: what I saw before the reload. */
import { areaOf, bboxOf, decodeCounts, type RleMask } from "../masks/rle";
import type { OperationDraft } from "./operations";
import type { AnnotationRecord, MaskRecord, PersonRef } from "./records";

export function maskRecord(mask: RleMask): MaskRecord {
  const runs = decodeCounts(mask.counts, mask.size);
  return {
    size: mask.size,
    counts: mask.counts,
    area: areaOf(runs),
    bbox: bboxOf(runs, mask.size[0]),
  };
}

export function replay(
  records: readonly AnnotationRecord[],
  operations: readonly OperationDraft[],
  imageId: string,
  author: PersonRef,
): { records: AnnotationRecord[]; created: Set<string> } {
  const byId = new Map(records.map((record) => [record.id, record]));
  const gone = new Map<string, AnnotationRecord>();
  const created = new Set<string>();
  for (const { kind, target, base_version, payload } of operations) {
    const current = byId.get(target);
    if (kind === "annotation.create" && payload["image"] === imageId && !current) {
      created.add(target);
      byId.set(target, createdRecord(target, payload, imageId, author));
    } else if (kind === "annotation.update" && current) {
      byId.set(target, patched(current, payload, base_version + 1));
    } else if (kind === "annotation.delete" && current) {
      byId.delete(target);
      gone.set(target, { ...current, version: base_version + 1 });
    } else if (kind === "annotation.restore" && gone.has(target)) {
      byId.set(target, { ...gone.get(target)!, version: base_version + 1 });
    }
  }
  return { records: [...byId.values()], created };
}

function createdRecord(
  id: string,
  payload: Record<string, unknown>,
  image: string,
  author: PersonRef,
): AnnotationRecord {
  return {
    id,
    image,
    layer: String(payload["layer"] ?? "main"),
    label: (payload["label"] as string | null) ?? null,
    mask: maskRecord(payload["mask"] as RleMask),
    recipe: (payload["recipe"] as AnnotationRecord["recipe"]) ?? null,
    attributes: (payload["attributes"] as AnnotationRecord["attributes"]) ?? {},
    track: null,
    iscrowd: false,
    order_key: "",
    version: 1,
    seq: 0,
    author,
    deleted: false,
    verdict: null,
    created: "",
    updated: "",
  };
}

function patched(
  current: AnnotationRecord,
  payload: Record<string, unknown>,
  version: number,
): AnnotationRecord {
  const {
    mask,
    mask_patch: _mask,
    recipe_patch: _recipe,
    ...rest
  } = payload as {
    mask?: RleMask;
    mask_patch?: unknown;
    recipe_patch?: unknown;
  } & Partial<AnnotationRecord>;
  return { ...current, ...rest, ...(mask ? { mask: maskRecord(mask) } : {}), version };
}
