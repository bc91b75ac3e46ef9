/**
 * Pointing at objects: hover lights them up, a click selects, Ctrl or Shift adds, a double-click
 * opens the prompts. Dragged over the picture it selects everything its rectangle touches.
 */
import { boxBetween } from "../geometry/hit";
import type { Point } from "../geometry/spaces";
import { CLICK_SLOP, distance, type Tool, type ToolEvent, type ToolHost } from "./tool";

export class SelectTool implements Tool {
  readonly name = "select";
  readonly cursor = "default";
  private from: { screen: Point; image: Point } | null = null;
  private box: [number, number, number, number] | null = null;

  constructor(private readonly host: ToolHost) {}

  down(event: ToolEvent): void {
    if (event.button !== 0) return;
    this.from = { screen: event.p_screen, image: event.p_image };
    const id = this.host.annotationAt(event.p_image);
    if (event.shift || event.ctrl) {
      if (id) this.host.toggleSelected(id);
      return;
    }
    this.host.select(id);
    if (event.double && id && this.host.mayEdit()) this.host.reopen(id);
  }

  move(event: ToolEvent, pressed: boolean): void {
    const { from } = this;
    if (!pressed || !from) return this.host.setHovered(this.host.annotationAt(event.p_image));
    if (!this.box && distance(from.screen, event.p_screen) <= CLICK_SLOP) return;
    const { width, height } = this.host.imageSize();
    this.box = boxBetween(from.image, event.p_image, width, height);
    this.host.setDraftBox(this.box);
  }

  up(event: ToolEvent): void {
    if (this.box) this.host.selectTouching(this.box, event.shift || event.ctrl === true);
    this.drop();
  }

  leave(): void {
    this.drop();
    this.host.setHovered(null);
  }

  private drop(): void {
    this.from = null;
    if (this.box) this.host.setDraftBox(null);
    this.box = null;
  }
}
