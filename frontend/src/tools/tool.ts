/** What a tool is told and what it may touch. One tool, one file, one small state machine. */
import type { Dab, Draft } from "../geometry/draft";
import type { Point, Viewport } from "../geometry/spaces";
import type { Prompter } from "../prompting/prompter";

export interface ToolEvent {
  p_screen: Point;
  p_image: Point;
  /** 0 left, 2 right. Middle and Space belong to panning. */
  button: number;
  alt: boolean;
  shift: boolean;
  ctrl?: boolean;
  /** The second press within 300 ms at the same place. */
  double: boolean;
  /** 0 to 1 for a pen; 1 for everything that knows no pressure. */
  pressure: number;
}

export interface ToolHost {
  readonly prompter: Prompter;
  viewport(): Viewport;
  imageSize(): { width: number; height: number };
  /** The smallest visible object under a point, or null. */
  annotationAt(p_image: Point): string | null;
  select(id: string | null): void;
  /** One more of the selected, or one less. */
  toggleSelected(id: string): void;
  /** Selects every object whose box the rectangle touches; `add` keeps what was selected. */
  selectTouching(box: readonly [number, number, number, number], add: boolean): void;
  setHovered(id: string | null): void;
  setDraftBox(box: [number, number, number, number] | null): void;
  setHotPoint(index: number): void;
  /** Opens an object's prompts again; says why when that is impossible. */
  reopen(id: string): void;
  /** False (with a notice) when this image cannot be changed. */
  mayEdit(): boolean;
  /** What is being drawn by hand, for the canvas. */
  setDraft(draft: Draft | null): void;
  /** The brush under the pointer, shown as a circle. */
  setBrush(brush: Dab | null): void;
  /** Diameter of brush and eraser in screen pixels: zoomed in they draw finer. */
  brushSize(): number;
  setBrushSize(size_screen: number): void;
  /** A finished stroke: adds to the selected object or takes from it. */
  paint(dabs: readonly Dab[], erases: boolean): void;
  /** The way from one point to another along the picture's edges, both included. */
  trace(from: Point, to: Point, snap: boolean): Point[];
  /** A closed polygon x0, y0, x1, y1, ...; `reopened` names the object it was opened from. */
  fill(polygon: readonly number[], erases: boolean, reopened: string | null): void;
  /** A box that becomes an object by itself, when the model has answered. */
  boxToMask(box: [number, number, number, number]): void;
  /** A line to cut an object in two. */
  cut(line: readonly Dab[]): void;
  /** The smallest proposal that is shown under a point, or null. */
  proposalAt(p_image: Point): number | null;
  lightProposals(ids: ReadonlySet<number>): void;
  /** Makes objects of proposals, in one step. */
  takeProposals(ids: readonly number[]): void;
  leaveProposals(): void;
  /** Starts the stop-watch from press to painted mask. */
  clicked(): void;
}

export interface Tool {
  readonly name: string;
  readonly cursor: string;
  down(event: ToolEvent): void;
  /** `pressed` while the button that went down is held. */
  move(event: ToolEvent, pressed: boolean): void;
  up(event: ToolEvent): void;
  /** The pointer left, or another gesture took over. */
  leave(): void;
  /** Shift+wheel over the picture. */
  resize?(larger: boolean): void;
  /** Enter or Space. These five say whether they had something to do; if not, the editor has. */
  finish?(): boolean;
  /** Escape. */
  cancel?(): boolean;
  /** Another tool is chosen. Without it the tool is finished and cancelled. */
  close?(): void;
  /** Delete. */
  remove?(): boolean;
  undo?(): boolean;
  redo?(): boolean;
}

/** Screen pixels a press may wander and still be a click. */
export const CLICK_SLOP = 4;

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
