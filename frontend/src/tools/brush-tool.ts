/**
 * Brush and eraser. A stroke is collected while the button is held and becomes pixels once, at its
 * end. Alt or the right button turns the one into the other; Shift goes straight on from where the
 * last stroke ended; a pen's pressure makes it wider.
 */
import type { Dab } from "../geometry/draft";
import type { Point } from "../geometry/spaces";
import { distance, type Tool, type ToolEvent, type ToolHost } from "./tool";

const SMALLEST = 1;
const LARGEST = 400;
const STEP = 1.2;
/** Share of the width that a pen draws at no pressure. */
const LIGHTEST = 0.25;

export class BrushTool implements Tool {
  readonly cursor = "crosshair";
  private dabs: Dab[] | null = null;
  private erases = false;
  private lastEnd: Dab | null = null;
  private at_image: Point | null = null;

  constructor(
    private readonly host: ToolHost,
    readonly name: "brush" | "eraser",
  ) {}

  down(event: ToolEvent): void {
    if (!this.host.mayEdit()) return;
    const dab = this.dabOf(event);
    this.erases = (this.name === "eraser") !== (event.alt || event.button === 2);
    this.dabs = event.shift && this.lastEnd ? [this.lastEnd, dab] : [dab];
    this.host.clicked();
    this.show();
  }

  move(event: ToolEvent, pressed: boolean): void {
    this.at_image = event.p_image;
    this.host.setBrush(this.dabOf(event));
    const last = this.dabs?.at(-1);
    if (!pressed || !this.dabs || !last) return;
    // Less than half a pixel on screen changes nothing that could be seen.
    if (distance(last, event.p_image) * this.host.viewport().scale < 0.5) return;
    this.dabs.push(this.dabOf(event));
    this.show();
  }

  up(): void {
    const { dabs } = this;
    this.dabs = null;
    this.host.setDraft(null);
    if (!dabs) return;
    this.lastEnd = dabs.at(-1) ?? null;
    this.host.paint(dabs, this.erases);
  }

  leave(): void {
    this.at_image = null;
    this.host.setBrush(null);
    if (this.dabs) this.host.setDraft(null);
    this.dabs = null;
  }

  cancel(): boolean {
    if (!this.dabs) return false;
    this.dabs = null;
    this.host.setDraft(null);
    return true;
  }

  resize(larger: boolean): void {
    const size = this.host.brushSize();
    const next = larger ? Math.max(size + 1, size * STEP) : Math.min(size - 1, size / STEP);
    this.host.setBrushSize(Math.round(Math.min(LARGEST, Math.max(SMALLEST, next))));
    if (this.at_image) this.host.setBrush(this.dabAt(this.at_image, 1));
  }

  private show(): void {
    if (this.dabs) this.host.setDraft({ kind: "stroke", dabs: this.dabs, erases: this.erases });
  }

  private dabOf(event: ToolEvent): Dab {
    return this.dabAt(event.p_image, LIGHTEST + (1 - LIGHTEST) * event.pressure);
  }

  private dabAt({ x, y }: Point, share: number): Dab {
    return { x, y, radius: (this.host.brushSize() * share) / 2 / this.host.viewport().scale };
  }
}
