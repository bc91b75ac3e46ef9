/**
 * Polygons. A click adds a vertex or, on an edge, puts one into it; vertices are dragged, and
 * removed with Alt, the right button or Delete. Enter, a double-click or a click on the first
 * vertex closes. Begun with Alt the polygon is taken away instead of added.
 */
import { nearestPoint } from "../geometry/hit";
import { flat, nearestEdge, pointsOf } from "../geometry/polyline";
import type { Point } from "../geometry/spaces";
import type { Tool, ToolEvent, ToolHost } from "./tool";

const VERTEX_REACH = 8;
const EDGE_REACH = 5;

interface Outline {
  vertices: readonly Point[];
  erases: boolean;
  /** The object whose polygon is open again. */
  reopened: string | null;
}

export class PolygonTool implements Tool {
  readonly name = "polygon";
  readonly cursor = "crosshair";
  private outline: Outline | null = null;
  private past: (Outline | null)[] = [];
  private future: (Outline | null)[] = [];
  private dragged = -1;
  private pointer: Point | null = null;
  private hot = -1;

  constructor(private readonly host: ToolHost) {}

  /** Opens a polygon that was drawn before. */
  edit(polygon: readonly number[], erases: boolean, reopened: string): void {
    this.forget();
    this.outline = { vertices: pointsOf(polygon), erases, reopened };
    this.show();
  }

  down(event: ToolEvent): void {
    if (!this.host.mayEdit()) return;
    const { outline } = this;
    const over = this.vertexUnder(event);
    if (event.double && event.button === 0) {
      this.finish();
    } else if (outline && over >= 0 && (event.alt || event.button === 2)) {
      this.removeVertex(over);
    } else if (event.button !== 0) {
      return;
    } else if (outline && over === 0 && !outline.reopened && outline.vertices.length > 2) {
      this.finish();
    } else if (over >= 0) {
      this.change(outline);
      this.dragged = over;
    } else {
      this.addVertex(event);
    }
  }

  move(event: ToolEvent, pressed: boolean): void {
    this.pointer = event.p_image;
    if (pressed && this.dragged >= 0 && this.outline) {
      const vertices = this.outline.vertices.with(this.dragged, this.inImage(event.p_image));
      this.outline = { ...this.outline, vertices };
    } else {
      this.hot = this.vertexUnder(event);
    }
    this.show();
  }

  up(): void {
    this.dragged = -1;
  }

  leave(): void {
    this.pointer = null;
    this.hot = -1;
    this.dragged = -1;
    this.show();
  }

  finish(): boolean {
    const { outline } = this;
    if (!outline) return false;
    const { vertices, erases, reopened } = outline;
    const [first, last] = [vertices[0]!, vertices.at(-1)!];
    const closing = reopened ? [] : this.host.trace(last, first, false).slice(1, -1);
    const whole = [...vertices, ...this.inImageAll(closing)];
    if (whole.length > 2) {
      this.forget();
      this.host.clicked();
      this.host.fill(flat(whole), erases, reopened);
    }
    return true;
  }

  cancel(): boolean {
    if (!this.outline) return false;
    this.forget();
    return true;
  }

  remove(): boolean {
    if (!this.outline) return false;
    this.removeVertex(this.hot >= 0 ? this.hot : this.outline.vertices.length - 1);
    return true;
  }

  undo(): boolean {
    return this.step(this.past, this.future);
  }

  redo(): boolean {
    return this.step(this.future, this.past);
  }

  private step(from: (Outline | null)[], to: (Outline | null)[]): boolean {
    const next = from.pop();
    if (next === undefined) return false;
    to.push(this.outline);
    this.outline = next;
    this.show();
    return true;
  }

  private addVertex({ p_image, p_screen, alt }: ToolEvent): void {
    const at = this.inImage(p_image);
    const { outline } = this;
    if (!outline) return this.change({ vertices: [at], erases: alt, reopened: null });
    const { vertices, reopened } = outline;
    const viewport = this.host.viewport();
    const edge = nearestEdge(vertices, reopened !== null, p_screen, viewport, EDGE_REACH);
    // A polygon that is open again is closed: what is not on it adds nothing to it.
    if (edge < 0 && reopened) return;
    if (edge < 0) {
      const way = this.host.trace(vertices.at(-1)!, at, true).slice(1);
      return this.change({ ...outline, vertices: [...vertices, ...this.inImageAll(way)] });
    }
    this.change({ ...outline, vertices: vertices.toSpliced(edge + 1, 0, at) });
    this.dragged = edge + 1;
  }

  private removeVertex(at: number): void {
    if (!this.outline) return;
    const vertices = this.outline.vertices.toSpliced(at, 1);
    this.hot = -1;
    this.change(vertices.length > 0 ? { ...this.outline, vertices } : null);
  }

  private change(next: Outline | null): void {
    this.past.push(this.outline);
    this.future = [];
    this.outline = next;
    this.show();
  }

  private forget(): void {
    this.outline = null;
    this.past = [];
    this.future = [];
    this.dragged = -1;
    this.hot = -1;
    this.show();
  }

  private vertexUnder({ p_screen }: ToolEvent): number {
    const vertices = this.outline?.vertices ?? [];
    return nearestPoint(vertices, p_screen, this.host.viewport(), VERTEX_REACH);
  }

  private inImage({ x, y }: Point): Point {
    const { width, height } = this.host.imageSize();
    const clip = (value: number, most: number) =>
      Math.round(Math.min(most, Math.max(0, value)) * 100) / 100;
    return { x: clip(x, width), y: clip(y, height) };
  }

  private inImageAll(points: readonly Point[]): Point[] {
    return points.map((point) => this.inImage(point));
  }

  private show(): void {
    const { outline, pointer, hot, dragged } = this;
    if (!outline) return this.host.setDraft(null);
    const { vertices, erases, reopened } = outline;
    const goesOn = dragged < 0 && hot < 0 && !reopened ? pointer : null;
    const trail = goesOn ? this.host.trace(vertices.at(-1)!, goesOn, true).slice(1) : [];
    this.host.setDraft({ kind: "polygon", vertices, trail, hot, erases });
  }
}
