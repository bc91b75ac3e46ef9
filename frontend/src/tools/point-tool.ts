/**
 * Clicks, boxes and scribbles. The point is asked of the decoder on the press, not on the release; a press
 * that turns into a drag takes it back and becomes a box, or moves the point or the box's corner it
 * started on.
 */
import { boxBetween, boxCorner, nearestPoint, pointInImage } from "../geometry/hit";
import type { Point } from "../geometry/spaces";
import { CLICK_SLOP, distance, type Tool, type ToolEvent, type ToolHost } from "./tool";

const POINT_REACH = 9;

type Press =
  | { kind: "idle" }
  | { kind: "point"; start_screen: Point; start_image: Point }
  | { kind: "box"; start_image: Point; many?: boolean }
  | { kind: "scribble"; line: Point[]; start_screen: Point; label: 0 | 1 }
  | { kind: "move-point"; index: number; start_screen: Point; moved: boolean };

export class PointTool implements Tool {
  readonly name = "point";
  readonly cursor = "crosshair";
  private press: Press = { kind: "idle" };

  constructor(private readonly host: ToolHost) {}

  down(event: ToolEvent): void {
    const { prompter } = this.host;
    const { width, height } = this.host.imageSize();
    if (!pointInImage(event.p_image, width, height) || !this.host.mayEdit()) return;
    const over = this.pointUnder(event.p_screen);
    if (event.double && this.reopensObject(event)) return;
    if (over >= 0) {
      if (event.button === 2) prompter.removePoint(over);
      else {
        this.press = {
          kind: "move-point",
          index: over,
          start_screen: event.p_screen,
          moved: false,
        };
      }
      return;
    }
    if (event.button === 0 && this.grabsCorner(event.p_screen)) return;
    const label = event.button === 2 || event.alt ? 0 : 1;
    if (this.beginsLine(event, label)) return;
    this.host.clicked();
    prompter.addPoint(event.p_image, label);
    if (event.button === 0 && label === 1) {
      const { p_screen: start_screen, p_image: start_image } = event;
      this.press = { kind: "point", start_screen, start_image };
    }
  }

  move(event: ToolEvent, pressed: boolean): void {
    if (!pressed) return this.hover(event);
    const { press } = this;
    if (press.kind === "point" && distance(event.p_screen, press.start_screen) > CLICK_SLOP) {
      this.host.prompter.undo();
      this.host.prompter.hover(null);
      this.press = { kind: "box", start_image: press.start_image };
      this.drawBox(press.start_image, event.p_image);
    } else if (press.kind === "box") {
      this.drawBox(press.start_image, event.p_image);
    } else if (press.kind === "scribble") {
      press.line.push(this.clip(event.p_image));
      const { line, label } = press;
      this.host.setDraft({ kind: "scribble", line: [...line], label });
    } else if (press.kind === "move-point") {
      press.moved ||= distance(event.p_screen, press.start_screen) > CLICK_SLOP;
    }
  }

  up(event: ToolEvent): void {
    const { press } = this;
    this.press = { kind: "idle" };
    if (press.kind === "box") {
      const { width, height } = this.host.imageSize();
      const box = boxBetween(press.start_image, event.p_image, width, height);
      this.host.setDraftBox(null);
      if (!box) return;
      this.host.clicked();
      if (press.many) this.host.boxToMask(box);
      else this.host.prompter.setBox(box);
    } else if (press.kind === "scribble") {
      this.endScribble(press, event);
    } else if (press.kind === "move-point" && press.moved) {
      this.host.clicked();
      this.host.prompter.movePoint(press.index, this.clip(event.p_image));
    }
  }

  leave(): void {
    if (this.press.kind === "box") this.host.setDraftBox(null);
    if (this.press.kind === "scribble") this.host.setDraft(null);
    this.press = { kind: "idle" };
    this.host.prompter.hover(null);
    this.host.setHotPoint(-1);
    this.host.setHovered(null);
  }

  /** Shift draws a scribble, Ctrl a box of its own that becomes an object by itself. */
  private beginsLine(event: ToolEvent, label: 0 | 1): boolean {
    const { p_image, p_screen: start_screen } = event;
    if (event.shift) this.press = { kind: "scribble", line: [p_image], start_screen, label };
    else if (event.ctrl) this.press = { kind: "box", start_image: p_image, many: true };
    else return false;
    this.host.prompter.hover(null);
    return true;
  }

  private endScribble(press: Extract<Press, { kind: "scribble" }>, { p_screen }: ToolEvent): void {
    this.host.setDraft(null);
    this.host.clicked();
    const [first] = press.line;
    const { prompter } = this.host;
    if (press.line.length > 1 && distance(press.start_screen, p_screen) > CLICK_SLOP) {
      prompter.addScribble(press.line, press.label);
    } else if (first) {
      prompter.addPoint(first, press.label);
    }
  }

  private hover(event: ToolEvent): void {
    const { prompter } = this.host;
    this.host.setHotPoint(this.pointUnder(event.p_screen));
    const { width, height } = this.host.imageSize();
    const inside = pointInImage(event.p_image, width, height);
    this.host.setHovered(null);
    prompter.hover(inside ? event.p_image : null);
  }

  /** A press on a handle drags that corner; the opposite one stays where it is. */
  private grabsCorner(p_screen: Point): boolean {
    const box = this.host.prompter.view.get().prompts?.boxes.at(-1);
    const corner = box && boxCorner(box, p_screen, this.host.viewport(), POINT_REACH);
    if (!box || corner === null || corner === undefined) return false;
    const [x0, y0, x1, y1] = box;
    const opposite = { x: corner === 0 || corner === 3 ? x1 : x0, y: corner < 2 ? y1 : y0 };
    this.press = { kind: "box", start_image: opposite };
    return true;
  }

  private pointUnder(p_screen: Point): number {
    const points = this.host.prompter.view.get().prompts?.points ?? [];
    return nearestPoint(points, p_screen, this.host.viewport(), POINT_REACH);
  }

  /** A double-click whose first half began a new prompt on an object means the object itself. */
  private reopensObject(event: ToolEvent): boolean {
    const { prompter } = this.host;
    const view = prompter.view.get();
    const begun = view.prompts?.points.length === 1 && view.prompts.boxes.length === 0;
    if (!begun || view.reopened || event.button !== 0) return false;
    const id = this.host.annotationAt(event.p_image);
    if (!id) return false;
    prompter.cancel();
    this.host.reopen(id);
    return true;
  }

  private drawBox(from: Point, to: Point): void {
    const { width, height } = this.host.imageSize();
    this.host.setDraftBox(boxBetween(from, to, width, height));
  }

  private clip(p_image: Point): Point {
    const { width, height } = this.host.imageSize();
    return {
      x: Math.min(width - 0.01, Math.max(0, p_image.x)),
      y: Math.min(height - 0.01, Math.max(0, p_image.y)),
    };
  }
}
