/** Handing work on: submit, verdicts on objects, accepting and returning images. */
import { update } from "../document/diff";
import type { AnnotationRecord, Verdict } from "../document/records";
import { pointAtIncomplete } from "./attributes";
import type { Editor } from "./editor";

export const REASONS = [
  "Boundary is off",
  "Wrong label",
  "Parts missing",
  "Too much included",
  "Several objects in one",
] as const;

const MAY_SUBMIT: ReadonlySet<string> = new Set(["new", "in_work", "returned", "skipped"]);

/** Whether the open image can be submitted now. */
export function maySubmit(editor: Editor): boolean {
  const state = editor.item?.jobImage?.state;
  return editor.mode === "edit" && MAY_SUBMIT.has(state ?? "");
}

/** Submits the open image; an image without objects is submitted as "nothing to label". */
export function submit(editor: Editor): boolean {
  const row = editor.item?.jobImage;
  if (!row || !maySubmit(editor) || !editor.state.loaded.get()) return false;
  if (editor.prompter.isOpen) {
    editor.say("Accept the open prompt (Enter) or drop it (Esc) first.", "warn");
    return false;
  }
  if (pointAtIncomplete(editor)) return false;
  if (row.state !== "in_work") editor.moveJobImage("in_work");
  const nothing = editor.document.list().length === 0;
  editor.moveJobImage("submitted", nothing ? { nothing_to_label: true } : {});
  return true;
}

/** The first verdict takes a submitted image out of the queue. */
export function beginReview(editor: Editor): void {
  if (editor.mode === "review" && editor.item?.jobImage?.state === "submitted") {
    editor.moveJobImage("in_review");
  }
}

export function setVerdict(
  editor: Editor,
  annotation: AnnotationRecord,
  verdict: Verdict["verdict"] | null,
  reason = "",
  note = "",
): void {
  beginReview(editor);
  const me = editor.sync.user.get();
  const next: Verdict | null = verdict && {
    verdict,
    reason,
    note,
    reviewer: { id: me?.id ?? "", name: me?.display_name || me?.username || "" },
    annotation_version: annotation.version,
  };
  editor.outbox.append({
    kind: "verdict.set",
    target: annotation.id,
    base_version: annotation.version,
    payload: { verdict, ...(reason ? { reason } : {}), ...(note ? { note } : {}) },
  });
  // Not a change of the object itself, so it enters neither undo nor the journal a second time.
  editor.document.apply(update(annotation, { verdict: next }), "remote");
}

export function selectedAnnotation(editor: Editor): AnnotationRecord | null {
  const id = editor.state.selected.get();
  return (id && editor.document.get(id)) || null;
}

/** J and K: the next or previous object, its box in sight. */
export function walk(editor: Editor, by: 1 | -1): void {
  const list = editor.document.list();
  if (list.length === 0) return;
  const at = list.findIndex((annotation) => annotation.id === editor.state.selected.get());
  const next = at < 0 ? (by === 1 ? 0 : list.length - 1) : (at + by + list.length) % list.length;
  editor.state.selected.set(list[next]!.id);
}

export function acceptObject(editor: Editor): void {
  const annotation = selectedAnnotation(editor) ?? editor.document.list().find((a) => !a.verdict);
  if (!annotation) return;
  setVerdict(editor, annotation, "accepted");
  editor.state.selected.set(annotation.id);
  const next = nextOpen(editor, annotation.id);
  if (next) editor.state.selected.set(next.id);
}

export function rejectObject(editor: Editor, reason: string, note = ""): void {
  const annotation = selectedAnnotation(editor);
  editor.state.asking.set(null);
  if (!annotation) return;
  setVerdict(editor, annotation, "rejected", reason, note);
  const next = nextOpen(editor, annotation.id);
  if (next) editor.state.selected.set(next.id);
}

function nextOpen(editor: Editor, after: string): AnnotationRecord | undefined {
  const list = editor.document.list();
  const at = list.findIndex((annotation) => annotation.id === after);
  return [...list.slice(at + 1), ...list.slice(0, at)].find((annotation) => !annotation.verdict);
}

export function acceptRemaining(editor: Editor): void {
  for (const annotation of editor.document.list()) {
    if (!annotation.verdict) setVerdict(editor, annotation, "accepted");
  }
}

/** True when the image was handed on, so that the next one can be opened. */
export function acceptImage(editor: Editor): boolean {
  const rejected = editor.document.list().some((a) => a.verdict?.verdict === "rejected");
  if (rejected) {
    editor.say("Objects are rejected here: return the image, or change their verdict.", "warn");
    return false;
  }
  return moveInReview(editor, "accepted");
}

export function returnImage(editor: Editor, note: string): boolean {
  editor.state.asking.set(null);
  return moveInReview(editor, "returned", note ? { note } : {});
}

function moveInReview(editor: Editor, to: string, extra: Record<string, unknown> = {}): boolean {
  const state = editor.item?.jobImage?.state;
  if (editor.mode !== "review" || (state !== "submitted" && state !== "in_review")) return false;
  editor.moveJobImage(to, extra);
  return true;
}
