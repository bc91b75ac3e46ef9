/** One change of the document: it feeds undo, sync and drawing alike. */
import type { AnnotationRecord } from "./records";

export interface Diff {
  added: AnnotationRecord[];
  /** [before, after] */
  updated: [AnnotationRecord, AnnotationRecord][];
  removed: AnnotationRecord[];
}

/** Who caused a change: only `local` ones enter my undo and leave for the server. */
export type Origin = "local" | "remote" | "load";

export function emptyDiff(): Diff {
  return { added: [], updated: [], removed: [] };
}

export function isEmpty(diff: Diff): boolean {
  return diff.added.length + diff.updated.length + diff.removed.length === 0;
}

export function reverse(diff: Diff): Diff {
  return {
    added: diff.removed,
    updated: diff.updated.map(([before, after]) => [after, before]),
    removed: diff.added,
  };
}

export const add = (record: AnnotationRecord): Diff => ({ ...emptyDiff(), added: [record] });
export const remove = (record: AnnotationRecord): Diff => ({ ...emptyDiff(), removed: [record] });
export const update = (before: AnnotationRecord, change: Partial<AnnotationRecord>): Diff => ({
  ...emptyDiff(),
  updated: [[before, { ...before, ...change }]],
});
