/** Measuring: drag from one point to another; the line stays until the next press or another tool. */
import type { Point } from "../geometry/spaces";
import type { Tool, ToolEvent, ToolHost } from "./tool";

export class MeasureTool implements Tool {
  readonly name = "measure";
  readonly cursor = "crosshair";
  private from: Point | null = null;

  constructor(private readonly host: ToolHost) {}

  down(event: ToolEvent): void {
    if (event.button !== 0) return;
    this.from = event.p_image;
    this.host.setDraft(null);
  }

  move(event: ToolEvent, pressed: boolean): void {
    if (!pressed || !this.from) return;
    this.host.setDraft({ kind: "measure", from: this.from, to: this.straight(event) });
  }

  up(): void {
    this.from = null;
  }

  leave(): void {
    this.from = null;
  }

  cancel(): boolean {
    const open = this.from !== null;
    this.from = null;
    this.host.setDraft(null);
    return open;
  }

  /** Shift keeps the line level or upright, whichever is nearer. */
  private straight({ p_image, shift }: ToolEvent): Point {
    const from = this.from!;
    if (!shift) return p_image;
    const level = Math.abs(p_image.x - from.x) >= Math.abs(p_image.y - from.y);
    return level ? { x: p_image.x, y: from.y } : { x: from.x, y: p_image.y };
  }
}
