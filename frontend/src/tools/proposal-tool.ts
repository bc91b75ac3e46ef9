/**
 * Taking what the workers proposed. The ghost under the pointer lights up; a click takes it, and a
 * drag takes all that it touches, as one step. Enter and Space take the one that is lit.
 */
import type { Point } from "../geometry/spaces";
import { distance, type Tool, type ToolEvent, type ToolHost } from "./tool";

/** Screen pixels between two looks along a drag: no ghost that can be seen slips through. */
const STEP = 3;

export class ProposalTool implements Tool {
  readonly name = "proposal";
  readonly cursor = "pointer";
  /** Touched by the drag so far; null while no button is held. */
  private swept: Set<number> | null = null;
  private last: { screen: Point; image: Point } | null = null;
  private lit: number | null = null;

  constructor(private readonly host: ToolHost) {}

  down(event: ToolEvent): void {
    if (event.button !== 0 || !this.host.mayEdit()) return;
    this.host.clicked();
    this.swept = new Set();
    this.last = { screen: event.p_screen, image: event.p_image };
    this.touch(event.p_image);
  }

  move(event: ToolEvent, pressed: boolean): void {
    const { swept, last } = this;
    if (!pressed || !swept || !last) return this.light(this.host.proposalAt(event.p_image));
    const steps = Math.max(1, Math.ceil(distance(last.screen, event.p_screen) / STEP));
    for (let i = 1; i <= steps; i += 1) {
      const share = i / steps;
      this.touch({
        x: last.image.x + (event.p_image.x - last.image.x) * share,
        y: last.image.y + (event.p_image.y - last.image.y) * share,
      });
    }
    this.last = { screen: event.p_screen, image: event.p_image };
  }

  up(): void {
    const { swept } = this;
    this.drop();
    if (swept && swept.size > 0) this.host.takeProposals([...swept]);
  }

  leave(): void {
    this.drop();
  }

  finish(): boolean {
    if (this.host.prompter.isOpen) return false;
    const { lit } = this;
    if (lit === null || !this.host.mayEdit()) return true;
    this.host.clicked();
    this.drop();
    this.host.takeProposals([lit]);
    return true;
  }

  cancel(): boolean {
    if (this.host.prompter.isOpen) return false;
    if (this.swept) this.drop();
    else this.host.leaveProposals();
    return true;
  }

  /** Another tool is chosen: nothing is taken by that. */
  close(): void {
    this.drop();
  }

  private touch(p_image: Point): void {
    const id = this.host.proposalAt(p_image);
    if (id === null || this.swept?.has(id)) return;
    this.swept?.add(id);
    this.host.lightProposals(new Set(this.swept));
  }

  private light(id: number | null): void {
    if (id === this.lit) return;
    this.lit = id;
    this.host.lightProposals(new Set(id === null ? [] : [id]));
  }

  private drop(): void {
    this.swept = null;
    this.last = null;
    this.lit = null;
    this.host.lightProposals(new Set());
  }
}
