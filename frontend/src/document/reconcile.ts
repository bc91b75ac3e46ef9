/** The merge rule for what other people did: a record with unsent edits of mine stays mine. */
import { emptyDiff, type Diff } from "./diff";
import type { Document } from "./document";
import type { AnnotationRecord } from "./records";

export function reconcile(
  document: Document,
  incoming: readonly AnnotationRecord[],
  imageId: string,
  isMine: (id: string) => boolean,
): Diff {
  const diff = emptyDiff();
  for (const record of incoming) {
    if (record.image !== imageId || record.layer !== "main" || isMine(record.id)) continue;
    const current = document.get(record.id);
    if (record.deleted) {
      if (current) diff.removed.push({ ...current, version: record.version });
    } else if (!current) {
      diff.added.push(record);
    } else if (record.version > current.version || record.seq > current.seq) {
      diff.updated.push([current, record]);
    }
  }
  return diff;
}
