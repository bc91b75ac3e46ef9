/** A line drawn across the selected object cuts it in two. */
import type { Dab } from "../geometry/draft";
import { distance, type Tool, type ToolEvent, type ToolHost } from "./tool";

export class CutTool implements Tool {
  readonly name = "cut";
  readonly cursor = "crosshair";
  private line: Dab[] | null = null;

  constructor(private readonly host: ToolHost) {}

  down(event: ToolEvent): void {
    if (event.button !== 0 || !this.host.mayEdit()) return;
    this.line = [{ ...event.p_image, radius: 0 }];
  }

  move(event: ToolEvent, pressed: boolean): void {
    const last = this.line?.at(-1);
    if (!pressed || !this.line || !last) {
      return this.host.setHovered(this.host.annotationAt(event.p_image));
    }
    if (distance(last, event.p_image) * this.host.viewport().scale < 1) return;
    this.line.push({ ...event.p_image, radius: 0 });
    this.host.setDraft({ kind: "cut", dabs: this.line });
  }

  up(): void {
    const { line } = this;
    this.cancel();
    if (!line || line.length < 2) return;
    this.host.clicked();
    this.host.cut(line);
  }

  leave(): void {
    this.cancel();
    this.host.setHovered(null);
  }

  cancel(): boolean {
    if (!this.line) return false;
    this.line = null;
    this.host.setDraft(null);
    return true;
  }
}
