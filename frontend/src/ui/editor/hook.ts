/**
 * The editor's part of the read-only `window.samweb`, for browser tests and the bench:
 *
 * - decoder: state, runs, lastMs (inside the worker), clicks whose mask was painted, lastPaintMs
 *   (press to the frame after the mask was painted), where
 * - editor: ready, shown (the picture is painted), loaded (its objects are there), ghost (is one
 *   on screen), toScreen(x, y) from image space to the page, settled (the next frame would show
 *   nothing more of them), frames (milliseconds of script the last frames took),
 *   firstGhostMs (from the picture being on screen, or the pointer arriving on it if that was
 *   later, to the first painted ghost of this image), answered (the open prompt has its mask),
 *   scale (screen pixels per image pixel), selected (an id), objects ({id: version} of this page)
 */
import type { Editor } from "../../actions/editor";
import type { CanvasView } from "../../canvas/canvas";
import type { DecoderClient } from "../../decoder/client";
import { imageToScreen } from "../../geometry/spaces";

let clicks = 0;
let lastPaintMs: number | null = null;
let shownAt: number | null = null;
let pointerAt: number | null = null;
let firstGhostMs: number | null = null;

export function recordClick(milliseconds: number): void {
  clicks += 1;
  lastPaintMs = milliseconds;
}

/** Another image is being opened. */
export function recordOpening(): void {
  shownAt = null;
  firstGhostMs = null;
}

export function recordShown(now: number): void {
  shownAt ??= now;
}

export function recordPointer(onImage: boolean, now: number): void {
  if (!onImage) pointerAt = null;
  else pointerAt ??= now;
}

export function recordGhost(now: number): void {
  if (firstGhostMs !== null || shownAt === null || pointerAt === null) return;
  firstGhostMs = now - Math.max(shownAt, pointerAt);
}

function define(name: string, get: () => unknown): void {
  const page = window as unknown as { samweb?: object };
  const hook = (page.samweb ??= {});
  Object.defineProperty(hook, name, { enumerable: true, configurable: true, get });
}

export function announceDecoder(decoder: DecoderClient): void {
  define("decoder", () => ({
    state: decoder.state.get().kind,
    ...decoder.stats.get(),
    clicks,
    lastPaintMs,
    where: "worker",
  }));
}

/** Returns the function that takes the editor off the hook again. */
export function announceEditor(
  editor: Editor,
  element: HTMLElement,
  canvas: Pick<CanvasView, "frames" | "settled">,
): () => void {
  const view = () => {
    const prompt = editor.prompter.view.get();
    return {
      ready:
        editor.state.image.get()?.picture != null && editor.state.readiness.get().kind === "ready",
      shown: shownAt !== null,
      loaded: editor.state.loaded.get(),
      settled: editor.state.loaded.get() && canvas.settled,
      ghost: prompt.kind === "hover" && prompt.mask !== null,
      firstGhostMs,
      answered: prompt.kind === "prompt" && prompt.mask !== null && !prompt.waiting,
      frames: canvas.frames,
      scale: editor.state.viewport.get().scale,
      selected: editor.state.selected.get(),
      get objects() {
        return Object.fromEntries(editor.document.list().map((one) => [one.id, one.version]));
      },
      toScreen: (x: number, y: number): [number, number] => {
        const box = element.getBoundingClientRect();
        const p = imageToScreen(editor.state.viewport.get(), { x, y });
        return [p.x + box.left, p.y + box.top];
      },
    };
  };
  define("editor", view);
  return () => define("editor", () => null);
}
