/** Magnetic edges: a way along the picture's edges from a vertex to the pointer. */
import { simplified } from "../geometry/polyline";
import type { Point } from "../geometry/spaces";
import { strongestNear, wayTo, wireFrom, type Wire } from "../masks/livewire";
import type { Editor } from "./editor";

/** Half the window's side and the reach of the snap, in screen pixels. */
const WINDOW = 140;
const SNAP = 6;
/** Detail below this is left out of the outline, in pixels of the window. */
const TOLERANCE = 0.8;

interface Window {
  from: Point;
  scale: number;
  image: string | null;
  x0: number;
  y0: number;
  wire: Wire;
}

export class Tracer {
  private window: Window | null = null;

  constructor(private readonly editor: Editor) {}

  /**
   * From one point to another in image space, both included. `snap` lets the end jump to an edge.
   * A straight line where magnetic edges are off or the end is too far away.
   */
  trace(from: Point, to: Point, snap: boolean): Point[] {
    const window = this.editor.state.magnetic.get() ? this.windowAt(from) : null;
    if (!window) return [from, to];
    const { scale, x0, y0, wire } = window;
    const [x, y] = [Math.floor((to.x - x0) * scale), Math.floor((to.y - y0) * scale)];
    if (x < 0 || y < 0 || x >= wire.width || y >= wire.height) return [from, to];
    const end = snap ? strongestNear(wire, x, y, SNAP) : { x, y };
    const way = simplified(wayTo(wire, end.x, end.y), TOLERANCE).map((point) => ({
      x: x0 + (point.x + 0.5) / scale,
      y: y0 + (point.y + 0.5) / scale,
    }));
    const moved = end.x !== x || end.y !== y;
    return [from, ...way.slice(1, -1), moved ? way.at(-1)! : to];
  }

  /** One search a vertex: as long as the pointer moves, only its answer is read. */
  private windowAt(from: Point): Window | null {
    const { state, imageId, readPixels } = this.editor;
    const image = state.image.get()?.record;
    if (!image) return null;
    const scale = Math.min(1, state.viewport.get().scale);
    const known = this.window;
    if (known?.from === from && known.scale === scale && known.image === imageId) return known;
    const reach = WINDOW / scale;
    const x0 = Math.max(0, Math.floor(from.x - reach));
    const y0 = Math.max(0, Math.floor(from.y - reach));
    const x1 = Math.min(image.width, Math.ceil(from.x + reach));
    const y1 = Math.min(image.height, Math.ceil(from.y + reach));
    const [width, height] = [Math.ceil((x1 - x0) * scale), Math.ceil((y1 - y0) * scale)];
    const pixels = readPixels({ x0, y0, x1, y1 }, width, height);
    if (!pixels) return null;
    const grey = Uint8Array.from(
      { length: width * height },
      (_, at) => (pixels[4 * at]! + 2 * pixels[4 * at + 1]! + pixels[4 * at + 2]!) / 4,
    );
    const clip = (value: number, most: number) =>
      Math.min(most - 1, Math.max(0, Math.floor(value)));
    const seed = { x: clip((from.x - x0) * scale, width), y: clip((from.y - y0) * scale, height) };
    const wire = wireFrom(grey, width, height, seed);
    this.window = { from, scale, image: imageId, x0, y0, wire };
    return this.window;
  }
}
