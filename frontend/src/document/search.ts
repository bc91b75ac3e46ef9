/** Which objects a search and a filter leave over. Pure. */
import { missingIn } from "./attributes";
import type { AnnotationRecord, LabelRecord } from "./records";

export type ObjectState = "accepted" | "rejected" | "unjudged" | "incomplete";

export interface ObjectFilter {
  /** Words that must all occur: label, attributes and their values, author, #number. */
  words: string;
  label: string | null;
  state: ObjectState | null;
  author: string | null;
  hidden: boolean | null;
  locked: boolean | null;
}

export const EVERYTHING: ObjectFilter = {
  words: "",
  label: null,
  state: null,
  author: null,
  hidden: null,
  locked: null,
};

/** What the filter has to know besides the records. */
export interface Surroundings {
  labels: readonly LabelRecord[];
  hidden: ReadonlySet<string>;
  locked: ReadonlySet<string>;
}

/** An object and its number in the image, from 1. */
export interface Found {
  annotation: AnnotationRecord;
  number: number;
}

export function isNarrow(filter: ObjectFilter): boolean {
  return (Object.keys(EVERYTHING) as (keyof ObjectFilter)[]).some(
    (key) => filter[key] !== EVERYTHING[key],
  );
}

export function search(
  records: readonly AnnotationRecord[],
  filter: ObjectFilter,
  around: Surroundings,
): Found[] {
  const labels = new Map(around.labels.map((label) => [label.id, label]));
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
  const found: Found[] = [];
  records.forEach((annotation, at) => {
    const label = labels.get(annotation.label ?? "");
    const number = at + 1;
    if (filter.label && annotation.label !== filter.label) return;
    if (filter.author && annotation.author?.id !== filter.author) return;
    if (filter.hidden !== null && around.hidden.has(annotation.id) !== filter.hidden) return;
    if (filter.locked !== null && around.locked.has(annotation.id) !== filter.locked) return;
    if (filter.state && !isIn(filter.state, annotation, label)) return;
    if (words.length > 0) {
      const text = textOf(annotation, label, number);
      if (!words.every((word) => text.includes(word))) return;
    }
    found.push({ annotation, number });
  });
  return found;
}

function isIn(
  state: ObjectState,
  { verdict, attributes }: AnnotationRecord,
  label: LabelRecord | undefined,
): boolean {
  if (state === "incomplete") return missingIn(label, attributes).length > 0;
  return (verdict?.verdict ?? "unjudged") === state;
}

function textOf(
  { attributes, author }: AnnotationRecord,
  label: LabelRecord | undefined,
  number: number,
): string {
  const said = Object.entries(attributes).map(([name, value]) => `${name}:${value}`);
  return [label?.name ?? "no label", author?.name ?? "", `#${number}`, ...said]
    .join(" ")
    .toLowerCase();
}
