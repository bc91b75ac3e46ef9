/** Comments on the image, a place in it or an object; and skipping an image with a reason. */
import { uuid7 } from "../sync/ids";
import type { CommentRecord } from "../sync/types";
import type { Editor } from "./editor";

export const SKIP_REASONS = [
  "Cannot be seen well enough",
  "Not what the job is about",
  "Twice in this job",
  "I am not sure how to label it",
] as const;

export interface Place {
  annotation: string | null;
  x: number | null;
  y: number | null;
}

const NOWHERE: Place = { annotation: null, x: null, y: null };

/** What a new comment is about: the selected object, else the place under the pointer. */
export function placeOf(editor: Editor): Place {
  const selected = editor.state.selected.get();
  if (selected && editor.document.get(selected)) return { ...NOWHERE, annotation: selected };
  const pointer = editor.state.pointer.get();
  const image = editor.state.image.get()?.record;
  if (!pointer || !image) return NOWHERE;
  const { scale, x, y } = editor.state.viewport.get();
  const at = { x: (pointer.x - x) / scale, y: (pointer.y - y) / scale };
  const inside = at.x >= 0 && at.y >= 0 && at.x < image.width && at.y < image.height;
  return inside ? { annotation: null, x: round(at.x), y: round(at.y) } : NOWHERE;
}

const round = (value: number) => Math.round(value * 10) / 10;

/** Says something; it is kept in this browser until the server has it. */
export function addComment(editor: Editor, words: string, place: Place): void {
  const image = editor.state.image.get()?.record;
  const text = words.trim();
  if (!image || !text) return;
  if (editor.state.project.get()?.role === "viewer") {
    return editor.say("You may look at this project but not comment.", "warn");
  }
  const me = editor.sync.user.get();
  const id = uuid7();
  editor.outbox.append({
    kind: "comment.create",
    target: id,
    base_version: 0,
    payload: { image: image.id, text, ...said(place) },
  });
  const record: CommentRecord = {
    id,
    image: image.id,
    parent: null,
    ...place,
    text,
    resolved: false,
    author: { id: me?.id ?? "", name: me?.display_name || me?.username || "me" },
    created: new Date().toISOString(),
    version: 1,
  };
  editor.state.comments.update((comments) => [...comments, record]);
}

/** Only what there is to say: an object, or both coordinates. */
function said({ annotation, x, y }: Place): Record<string, unknown> {
  if (annotation) return { annotation };
  return x === null || y === null ? {} : { x, y };
}

export function resolveComment(editor: Editor, comment: CommentRecord, resolved: boolean): void {
  editor.outbox.append({
    kind: "comment.update",
    target: comment.id,
    base_version: comment.version,
    payload: { resolved },
  });
  replace(editor, { ...comment, resolved, version: comment.version + 1 });
}

/** What others said meanwhile; comments of mine that are still on their way stay as they are. */
export function takeComments(editor: Editor, incoming: readonly CommentRecord[]): void {
  for (const comment of incoming) {
    if (comment.image === editor.imageId && !editor.outbox.isMine(comment.id)) {
      replace(editor, comment);
    }
  }
}

function replace(editor: Editor, comment: CommentRecord): void {
  editor.state.comments.update((comments) => {
    const others = comments.filter((one) => one.id !== comment.id);
    if (comment.deleted) return others;
    const at = comments.findIndex((one) => one.id === comment.id);
    return at < 0 ? [...comments, comment] : comments.with(at, comment);
  });
}

export function maySkip(editor: Editor): boolean {
  const state = editor.item?.jobImage?.state;
  return editor.mode === "edit" && (state === "new" || state === "in_work");
}

/** Puts the image aside; the reason travels with it. True when the next one can be opened. */
export function skip(editor: Editor, reason: string): boolean {
  editor.state.asking.set(null);
  if (!maySkip(editor)) return false;
  editor.moveJobImage("skipped", { note: reason });
  return true;
}
