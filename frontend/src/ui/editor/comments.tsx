/** Comments: pins on the picture, and the list with a field for a new one. */
import "./comments.css";
import { Check, MessageSquare, Undo2 } from "lucide-react";
import { useState } from "react";

import { addComment, placeOf, resolveComment, type Place } from "../../actions/remarks";
import { imageToScreen } from "../../geometry/spaces";
import type { CommentRecord } from "../../sync/types";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { ago } from "../kit/words";
import { useAnnotations, useEditor, useRun, useTip } from "./context";

export function CommentsButton() {
  const editor = useEditor();
  const open = useSignal(editor.state.asking) === "comment";
  const count = useSignal(editor.state.comments).filter((comment) => !comment.resolved).length;
  const run = useRun();
  const tip = useTip()(count ? `Comments, ${count} open` : "Comments", "comment");
  return (
    <button
      type="button"
      className="rail-button"
      data-testid="comments-button"
      data-count={count || undefined}
      title={tip}
      aria-label={tip}
      aria-expanded={open}
      onClick={() => run(open ? "escape" : "comment")}
    >
      <MessageSquare className="icon" aria-hidden />
    </button>
  );
}

/** Pins of what is not settled. They stand on the picture and move with it. */
export function CommentPins() {
  const editor = useEditor();
  const viewport = useSignal(editor.state.viewport);
  const comments = useSignal(editor.state.comments);
  const run = useRun();
  return comments.map((comment, at) => {
    if (comment.resolved || comment.x === null || comment.y === null) return null;
    const { x, y } = imageToScreen(viewport, { x: comment.x, y: comment.y });
    const words = `${comment.author?.name ?? "removed user"}: ${comment.text}`;
    return (
      <button
        key={comment.id}
        type="button"
        className="comment-pin"
        style={{ left: x, top: y }}
        title={words}
        aria-label={`Comment ${at + 1}. ${words}`}
        onClick={() => run("comment")}
      >
        {at + 1}
      </button>
    );
  });
}

export function CommentsPanel() {
  const editor = useEditor();
  const asking = useSignal(editor.state.asking);
  return asking === "comment" ? <Comments /> : null;
}

function Comments() {
  const editor = useEditor();
  const comments = useSignal(editor.state.comments);
  const [opened] = useState<Place>(() => placeOf(editor));
  const [words, setWords] = useState("");
  const selected = useSignal(editor.state.selected);
  const place = selected ? { annotation: selected, x: null, y: null } : opened;
  const close = () => editor.state.asking.set(null);
  const send = () => {
    addComment(editor, words, place);
    setWords("");
  };
  return (
    <section className="look-panel comments" aria-label="Comments">
      <ul className="plain-list">
        {comments.map((comment, at) => (
          <Comment key={comment.id} comment={comment} number={at + 1} />
        ))}
        {comments.length === 0 && <li className="muted">Nobody has said anything yet.</li>}
      </ul>
      <form
        className="stack stack-tight"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          className="input"
          autoFocus
          rows={2}
          maxLength={10_000}
          placeholder="Say something, Ctrl+Enter"
          aria-label="New comment"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") close();
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
          }}
        />
        <div className="row">
          <span className="muted grow">
            <AboutWords place={place} />
          </span>
          <Button type="submit" disabled={!words.trim()}>
            Send
          </Button>
        </div>
      </form>
    </section>
  );
}

function AboutWords({ place }: { place: Place }) {
  const number = useAnnotations().findIndex((one) => one.id === place.annotation) + 1;
  if (number > 0) return `on object ${number}`;
  return place.x === null ? "on the image" : `at ${place.x}, ${place.y}`;
}

function Comment({ comment, number }: { comment: CommentRecord; number: number }) {
  const editor = useEditor();
  const { annotation, resolved } = comment;
  return (
    <li className="comment" data-testid="comment" data-resolved={resolved}>
      <p>
        <strong>
          {number} · {comment.author?.name ?? "removed user"}
        </strong>{" "}
        <span className="muted">{ago(comment.created)}</span>
      </p>
      <p className="comment-words">{comment.text}</p>
      <div className="row">
        {annotation && editor.document.get(annotation) && (
          <Button tone="quiet" onClick={() => editor.state.selected.set(annotation)}>
            Show the object
          </Button>
        )}
        <Button
          tone="quiet"
          icon={resolved ? Undo2 : Check}
          onClick={() => resolveComment(editor, comment, !resolved)}
        >
          {resolved ? "Open again" : "Settled"}
        </Button>
      </div>
    </li>
  );
}
