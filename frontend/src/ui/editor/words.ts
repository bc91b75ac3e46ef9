/** States and operations in the words people see. */
import type { JobImageState } from "../../sync/types";

export const STATE_WORDS: Readonly<Record<JobImageState, string>> = {
  new: "New",
  in_work: "In work",
  submitted: "Submitted",
  in_review: "In review",
  returned: "Returned",
  accepted: "Accepted",
  skipped: "Skipped",
};

const OPERATION_WORDS: Readonly<Record<string, string>> = {
  "annotation.create": "made it",
  "annotation.update": "changed it",
  "annotation.delete": "deleted it",
  "annotation.restore": "brought it back",
  "verdict.set": "judged it",
  "comment.create": "commented",
};

export const operationWords = (kind: string): string => OPERATION_WORDS[kind] ?? kind;

export const percent = (share: number): string =>
  `${Math.round(Math.min(1, Math.max(0, share)) * 100)} %`;
