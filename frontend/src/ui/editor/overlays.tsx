/** What lies over the picture: candidates, the accept bar, what the editor has to say. */
import { CircleAlert, CornerDownLeft, LoaderCircle, Undo2, X } from "lucide-react";

import { useSignal } from "../data";
import { Button } from "../kit/button";
import { CandidateChoice, CandidatesAtClick } from "./candidates";
import { CommentPins, CommentsPanel } from "./comments";
import { useAnnotations, useEditor, useJobImage, useRun, useTip } from "./context";
import { MeasureWords } from "./measure-words";
import { ProposalPanel } from "./proposal-panel";
import { ReviewForms } from "./review-forms";
import { percent } from "./words";

export function Overlays() {
  return (
    <>
      <CandidatesAtClick />
      <MeasureWords />
      <CommentPins />
      <CommentsPanel />
      <ProposalPanel />
      <Banner />
      <PromptBar />
      <ReviewForms />
      <Failure />
    </>
  );
}

function PromptBar() {
  const editor = useEditor();
  const view = useSignal(editor.prompter.view);
  const labels = useSignal(editor.state.labels);
  const active = useSignal(editor.state.label);
  const notice = useSignal(editor.state.notice);
  const run = useRun();
  const tip = useTip();
  const annotations = useAnnotations();
  const label = labels.find((one) => one.id === active);
  const open = view.kind === "prompt";
  return (
    <div className="prompt-bar" onMouseDown={(event) => event.preventDefault()}>
      {(notice || view.error) && (
        <p className={`notice notice-${view.error ? "bad" : notice?.tone}`} role="status">
          {view.error ?? notice?.text}
        </p>
      )}
      {open && (
        <div className="prompt-open">
          <span className="swatch" style={{ background: label?.colour ?? "var(--muted)" }} />
          <span className="clip">{label?.name ?? "no label"}</span>
          <CandidateChoice />
          <span className="prompt-confidence" hidden={view.ambiguous && !view.waiting}>
            {view.waiting ? (
              <LoaderCircle className="icon spin" aria-label="the model is at work" />
            ) : (
              percent(view.mask?.iou_prediction ?? 0)
            )}
          </span>
          {view.better !== null && (
            <Button
              icon={Undo2}
              data-testid="better-mask"
              title={tip("Take the last click back: the mask before it was better", "undo")}
              onClick={() => run("undo")}
            >
              Was {percent(view.better)}
            </Button>
          )}
          <Button
            icon={CornerDownLeft}
            data-testid="accept-object"
            title={tip("Accept the mask", "accept")}
            onClick={() => run("accept")}
          >
            {view.reopened ? "Save" : "Accept"}
          </Button>
          <Button
            tone="quiet"
            icon={X}
            aria-label={tip("Drop the prompt", "escape")}
            title={tip("Drop the prompt", "escape")}
            onClick={() => run("escape")}
          />
        </div>
      )}
      {!open && !notice && editor.mode === "edit" && annotations.length === 0 && <Hint />}
    </div>
  );
}

function Hint() {
  const editor = useEditor();
  const readiness = useSignal(editor.state.readiness);
  const image = useSignal(editor.state.image);
  const tool = useSignal(editor.state.tool);
  if (!image || readiness.kind !== "ready" || editor.locked()) return null;
  if (tool === "proposal") {
    return <p className="notice">Click takes an outlined object, a drag takes all it touches.</p>;
  }
  return (
    <p className="notice">
      Point at something, click it, and press <kbd className="key-hint">Enter</kbd>. Right click
      takes away.
    </p>
  );
}

/** What stands above the picture: why it came back, why it is locked, what it waits for. */
function Banner() {
  const editor = useEditor();
  const row = useJobImage();
  const readiness = useSignal(editor.state.readiness);
  const image = useSignal(editor.state.image);
  useSignal(editor.state.project);
  const loaded = useSignal(editor.state.loaded);
  const locked = loaded ? editor.locked() : null;
  if (!image) return null;
  return (
    <div className="banners">
      {row?.state === "returned" && (
        <p className="banner banner-warn">
          <strong>Returned{row.note ? ":" : "."}</strong> {row.note}
        </p>
      )}
      {row?.state === "skipped" && (
        <p className="banner banner-warn">
          <strong>Skipped{row.note ? ":" : "."}</strong> {row.note}
        </p>
      )}
      {locked && <p className="banner">{locked}</p>}
      {readiness.kind === "waiting" && (
        <p className="banner" role="status">
          <LoaderCircle className="icon spin" aria-hidden />
          {readiness.state === "queued"
            ? "This picture waits its turn to be prepared for the model."
            : "This picture is being prepared for the model."}{" "}
          You may click already; the mask follows by itself.
        </p>
      )}
      {readiness.kind === "failed" && (
        <p className="banner banner-bad" role="alert">
          <CircleAlert className="icon" aria-hidden />
          The model cannot be used on this picture: {readiness.message} Your work is safe.
          <Button onClick={() => void editor.retryEmbedding()}>Try again</Button>
        </p>
      )}
    </div>
  );
}

function Failure() {
  const editor = useEditor();
  const failure = useSignal(editor.state.failure);
  if (!failure) return null;
  return (
    <div className="failure" role="alert">
      <CircleAlert className="icon" aria-hidden />
      <p>{failure}</p>
      <Button onClick={() => window.location.reload()}>Load it again</Button>
    </div>
  );
}
