/**
 * The picture on screen: two stacked 2D canvases, one for image and masks, one for what follows
 * the pointer. Redraws in the next animation frame, and only what is dirty.
 */
import type { Scene } from "./scene";
import { drawDraftLayer } from "./layers/draft";
import { drawGuides } from "./layers/guides";
import { drawFrame, drawImageLayer } from "./layers/image";
import { MasksLayer } from "./layers/masks";
import { drawPromptLayer } from "./layers/prompt";
import { drawLitProposals, drawProposals } from "./layers/proposals";
import { readTheme, type CanvasTheme } from "./theme";

export type Layer = "image" | "base" | "overlay";

/** Frames whose time is remembered. */
const REMEMBERED = 1_000;

export class CanvasView {
  readonly element: HTMLDivElement;
  private readonly canvases: Record<Layer, HTMLCanvasElement>;
  private readonly dirty = new Set<Layer>();
  private frame = 0;
  private theme: CanvasTheme | null = null;
  private width = 0;
  private height = 0;
  private readonly observer: ResizeObserver;
  private readonly masks = new MasksLayer();
  /** Milliseconds of script that the last frames took, for the bench. */
  readonly frames: number[] = [];
  /** Another frame would show nothing more. */
  settled = false;
  private readonly afterPaint: (() => void)[] = [];

  constructor(
    host: HTMLElement,
    private readonly scene: () => Scene,
    private readonly onResize: (size: { width: number; height: number }) => void,
  ) {
    this.element = document.createElement("div");
    this.element.className = "canvas-stack";
    this.canvases = {
      image: this.makeCanvas(),
      base: this.makeCanvas(),
      overlay: this.makeCanvas(),
    };
    // What a look does to the picture it does to nothing else.
    this.canvases.image.className = "canvas-image";
    host.append(this.element);
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.element);
    this.measure();
  }

  invalidate(layer: Layer | "all"): void {
    if (layer === "all" || layer === "image") this.dirty.add("image");
    if (layer === "all" || layer === "base") this.dirty.add("base");
    if (layer === "all" || layer === "overlay") this.dirty.add("overlay");
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  /** Runs `done` in the task after the next painted frame: what a stop-watch should see. */
  oncePainted(done: () => void): void {
    this.afterPaint.push(done);
    this.invalidate("overlay");
  }

  themeChanged(): void {
    this.theme = null;
    this.invalidate("all");
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.element.remove();
  }

  private makeCanvas(): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    this.element.append(canvas);
    return canvas;
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    this.width = clientWidth;
    this.height = clientHeight;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of Object.values(this.canvases)) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
    }
    this.onResize({ width: clientWidth, height: clientHeight });
    // A resized canvas is empty: paint now, so that nothing flickers.
    this.dirty.add("image").add("base").add("overlay");
    this.paint();
  }

  private paint(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const scene = this.scene();
    const theme = (this.theme ??= readTheme(this.element));
    const size = { width: this.width, height: this.height };
    const ratio = window.devicePixelRatio || 1;
    const started = performance.now();
    const dirty = [...this.dirty];
    this.dirty.clear();
    for (const layer of dirty) {
      const context = this.canvases[layer].getContext("2d");
      if (!context) continue;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      if (layer === "image") drawImageLayer(context, scene, ratio);
      else if (layer === "base") {
        drawFrame(context, scene, theme, size);
        this.settled = !this.masks.draw(context, scene, size, ratio);
        drawProposals(context, scene);
        if (!this.settled) this.invalidate("base");
      } else {
        drawGuides(context, scene, theme, size);
        drawLitProposals(context, scene);
        drawPromptLayer(context, scene, theme);
        drawDraftLayer(context, scene, theme, ratio);
      }
    }
    this.frames.push(performance.now() - started);
    if (this.frames.length > REMEMBERED) this.frames.shift();
    const waiting = this.afterPaint.splice(0);
    // A message task runs after the frame's rendering, unlike a microtask.
    if (waiting.length > 0) setTimeout(() => waiting.forEach((done) => done()), 0);
  }
}
