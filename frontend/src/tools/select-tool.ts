/** Pointing at objects: hover lights them up, a click selects, a double-click opens the prompts. */
import type { Tool, ToolEvent, ToolHost } from "./tool";

export class SelectTool implements Tool {
  readonly name = "select";
  readonly cursor = "default";

  constructor(private readonly host: ToolHost) {}

  down(event: ToolEvent): void {
    if (event.button !== 0) return;
    const id = this.host.annotationAt(event.p_image);
    this.host.select(id);
    if (event.double && id && this.host.mayEdit()) this.host.reopen(id);
  }

  move(event: ToolEvent): void {
    this.host.setHovered(this.host.annotationAt(event.p_image));
  }

  up(): void {
    // A selection is made on the press.
  }

  leave(): void {
    this.host.setHovered(null);
  }
}
