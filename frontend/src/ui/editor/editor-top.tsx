import { ChevronRight, Send, ThumbsUp, Undo2 } from "lucide-react";
import { Link } from "wouter";

import { maySubmit } from "../../actions/review";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { Mark } from "../shell/mark";
import { ShellButtons } from "../shell/shell-buttons";
import { SyncBadge } from "../shell/sync-badge";
import { useAnnotations, useEditor, useJobImage, useRun, useTip } from "./context";
import { DecoderPill } from "./decoder-pill";
import { SkipButton } from "./skip-form";
import { STATE_WORDS } from "./words";

export function EditorTop() {
  return (
    <header className="editor-top" onMouseDown={(event) => event.preventDefault()}>
      <Link href="/" className="editor-home" title="All projects">
        <Mark />
      </Link>
      <Where />
      <DecoderPill />
      <SyncBadge />
      <ShellButtons />
      <SkipButton />
      <HandOn />
    </header>
  );
}

function Where() {
  const { state } = useEditor();
  const project = useSignal(state.project);
  const job = useSignal(state.job);
  const strip = useSignal(state.strip);
  const image = useSignal(state.image);
  const at = strip.findIndex((item) => item.image.id === image?.record.id);
  return (
    <nav className="editor-where" aria-label="Where am I">
      {project && (
        <Link href={`/projects/${project.id}`} className="clip">
          {project.name}
        </Link>
      )}
      {job && project && (
        <>
          <ChevronRight className="icon muted" aria-hidden />
          <Link href={`/projects/${project.id}/jobs`} className="clip">
            {job.name}
          </Link>
        </>
      )}
      {at >= 0 && (
        <span className="editor-count">
          {at + 1} of {strip.length}
        </span>
      )}
      {image && <span className="editor-file clip muted">{image.record.name}</span>}
    </nav>
  );
}

/** The one primary button: what hands this image on. */
function HandOn() {
  const editor = useEditor();
  const row = useJobImage();
  const annotations = useAnnotations();
  const loaded = useSignal(editor.state.loaded);
  const run = useRun();
  const tip = useTip();
  // By itself, outside a job, an image is not handed on.
  if (!row || !editor.state.job.get()) return null;
  if (editor.mode === "review") {
    const open = row.state === "submitted" || row.state === "in_review";
    return (
      <>
        <Button
          icon={Undo2}
          disabled={!open}
          data-testid="review-return-image"
          title={tip("Return the image with a comment", "return-image")}
          onClick={() => run("return-image")}
        >
          Return
        </Button>
        <Button
          tone="primary"
          icon={ThumbsUp}
          disabled={!open}
          data-testid="review-accept-image"
          title={tip("Accept the image and go on", "accept-image")}
          onClick={() => run("accept-image")}
        >
          {row.state === "accepted" ? "Accepted" : "Accept image"}
        </Button>
      </>
    );
  }
  const nothing = annotations.length === 0;
  const can = loaded && maySubmit(editor);
  return (
    <Button
      tone="primary"
      icon={Send}
      disabled={!can}
      data-testid="submit-image"
      title={tip(nothing ? "Submit: nothing to label here" : "Submit and go on", "submit")}
      onClick={() => run("submit")}
    >
      {can || !loaded
        ? nothing && loaded
          ? "Nothing to label"
          : "Submit"
        : STATE_WORDS[row.state]}
    </Button>
  );
}
