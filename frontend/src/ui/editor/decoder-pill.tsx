/** Whether the model is there: for the page's decoder, and for this picture. */
import { LoaderCircle, Sparkles, TriangleAlert } from "lucide-react";

import { useSignal } from "../data";
import { useEditor } from "./context";

export function DecoderPill() {
  const editor = useEditor();
  const decoder = useSignal(editor.decoder.state);
  const readiness = useSignal(editor.state.readiness);
  const failed = decoder.kind === "error" || readiness.kind === "failed";
  const ready = readiness.kind === "ready" && decoder.kind === "ready";
  const state = failed ? "error" : ready ? "ready" : "loading";
  const words = failed
    ? "model failed"
    : ready
      ? "model ready"
      : readiness.kind === "waiting"
        ? "preparing picture"
        : "loading model";
  const Icon = failed ? TriangleAlert : ready ? Sparkles : LoaderCircle;
  const title =
    decoder.kind === "error"
      ? decoder.message
      : readiness.kind === "failed"
        ? readiness.message
        : "The model's decoder runs in this browser.";
  return (
    <span
      className={`decoder-pill decoder-${state}`}
      data-testid="decoder-state"
      data-state={state}
      title={title}
    >
      <Icon className={state === "loading" ? "icon spin" : "icon"} aria-hidden />
      <span className="decoder-words">{words}</span>
    </span>
  );
}
