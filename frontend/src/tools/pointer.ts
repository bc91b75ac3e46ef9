/** Pointer events of the canvas to the active tool; panning and zooming work under every tool. */
import { screenToImage, type Point, type Viewport } from "../geometry/spaces";
import { clampPan, fit, panBy, zoomAt, type Size } from "../geometry/viewport";
import { TapOrPan } from "./press";
import { CLICK_SLOP, distance, type Tool, type ToolEvent } from "./tool";

export interface PointerHost {
  tool(): Tool;
  viewport(): Viewport;
  setViewport(viewport: Viewport): void;
  imageSize(): Size;
  screenSize(): Size;
  accept(): void;
  cycle(by: 1 | -1): void;
  moveThreshold(by: number): void;
  setCursor(cursor: string): void;
  /** Where the pointer is, in screen space; null when it left. */
  pointerMoved(p_screen: Point | null): void;
}

const DOUBLE_MS = 300;

export class PointerDesk {
  readonly space = new TapOrPan();
  private readonly middle = new TapOrPan();
  private panFrom: Point | null = null;
  private panStart: Point | null = null;
  private pressed = -1;
  private lastDown: { at: number; p: Point; button: number } | null = null;
  private readonly stop = new AbortController();

  constructor(
    private readonly element: HTMLElement,
    private readonly host: PointerHost,
  ) {
    const options = { signal: this.stop.signal };
    element.addEventListener("pointerdown", (event) => this.down(event), options);
    element.addEventListener("pointermove", (event) => this.move(event), options);
    element.addEventListener("pointerup", (event) => this.up(event), options);
    element.addEventListener("pointercancel", () => this.cancel(), options);
    element.addEventListener("pointerleave", () => this.leave(), options);
    element.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), options);
    // Middle click must not start the browser's own scrolling.
    element.addEventListener("mousedown", (e) => e.button === 1 && e.preventDefault(), options);
  }

  dispose(): void {
    this.stop.abort();
  }

  spaceDown(now: number): void {
    this.space.begin(now);
    this.host.setCursor("grab");
  }

  spaceUp(now: number): void {
    const tap = this.space.end(now);
    this.panFrom = null;
    this.host.setCursor(this.host.tool().cursor);
    if (tap) this.host.accept();
  }

  private down(event: PointerEvent): void {
    this.element.setPointerCapture(event.pointerId);
    const p_screen = this.pointOf(event);
    if (event.button === 1 || this.space.held) {
      if (event.button === 1) this.middle.begin(event.timeStamp);
      this.panFrom = p_screen;
      this.panStart = p_screen;
      this.host.setCursor("grabbing");
      return;
    }
    if (event.button !== 0 && event.button !== 2) return;
    this.pressed = event.button;
    const last = this.lastDown;
    const double =
      last !== null &&
      last.button === event.button &&
      event.timeStamp - last.at < DOUBLE_MS &&
      distance(last.p, p_screen) <= CLICK_SLOP;
    this.lastDown = double ? null : { at: event.timeStamp, p: p_screen, button: event.button };
    this.host.tool().down(this.toolEvent(event, double));
  }

  private move(event: PointerEvent): void {
    const p_screen = this.pointOf(event);
    this.host.pointerMoved(p_screen);
    if (this.panFrom) {
      if (this.panStart && distance(this.panStart, p_screen) > CLICK_SLOP) {
        this.space.pan();
        this.middle.pan();
      }
      this.pan({ x: p_screen.x - this.panFrom.x, y: p_screen.y - this.panFrom.y });
      this.panFrom = p_screen;
      return;
    }
    this.host.tool().move(this.toolEvent(event, false), this.pressed >= 0);
  }

  private up(event: PointerEvent): void {
    if (this.panFrom) {
      this.panFrom = null;
      this.host.setCursor(this.space.held ? "grab" : this.host.tool().cursor);
      if (event.button === 1 && this.middle.end(event.timeStamp)) this.host.accept();
      return;
    }
    if (event.button !== this.pressed) return;
    this.pressed = -1;
    this.host.tool().up(this.toolEvent(event, false));
  }

  private cancel(): void {
    this.pressed = -1;
    this.panFrom = null;
    this.middle.drop();
    this.host.tool().leave();
  }

  private leave(): void {
    this.host.pointerMoved(null);
    if (this.pressed < 0) this.host.tool().leave();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const forward = (event.deltaY || event.deltaX) < 0;
    if (event.altKey && event.shiftKey) return this.host.moveThreshold(forward ? 0.25 : -0.25);
    if (event.altKey) return this.host.cycle(forward ? -1 : 1);
    const tool = this.host.tool();
    if (event.shiftKey && tool.resize) return tool.resize(forward);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const factor = Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.0016);
    const image = this.host.imageSize();
    if (!image.width) return;
    const screen = this.host.screenSize();
    const smallest = Math.min(1, fit(image, screen).scale) * 0.25;
    const zoomed = zoomAt(this.host.viewport(), this.pointOf(event), factor, smallest);
    this.host.setViewport(clampPan(zoomed, image, screen));
  }

  private pan(delta: Point): void {
    const moved = panBy(this.host.viewport(), delta);
    this.host.setViewport(clampPan(moved, this.host.imageSize(), this.host.screenSize()));
  }

  private pointOf(event: MouseEvent): Point {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private toolEvent(event: PointerEvent, double: boolean): ToolEvent {
    const p_screen = this.pointOf(event);
    return {
      p_screen,
      p_image: screenToImage(this.host.viewport(), p_screen),
      button: event.button < 0 ? 0 : event.button,
      alt: event.altKey,
      shift: event.shiftKey,
      ctrl: event.ctrlKey || event.metaKey,
      double,
      pressure: event.pointerType === "pen" ? event.pressure : 1,
    };
  }
}
