/** How much work went into an object: active time between inputs, gaps over 5 s left out. */
import type { Effort } from "../document/operations";

const LONGEST_GAP_MS = 5_000;

export class EffortMeter {
  private active = 0;
  private last: number | null = null;
  private clicks = 0;
  private tool = "point";
  private source = "manual";

  /** Any input of the person. */
  touch(now: number): void {
    if (this.last !== null) this.active += Math.min(LONGEST_GAP_MS, now - this.last);
    this.last = now;
  }

  click(tool: string, clicks = 1): void {
    this.tool = tool;
    this.clicks += clicks;
  }

  /** What is changed in `change` came from somewhere else than the hand. */
  as(source: string, change: () => void): void {
    this.source = source;
    try {
      change();
    } finally {
      this.source = "manual";
    }
  }

  /** What was spent since the last call; starts anew. */
  spend = (): Effort => {
    const effort: Effort = {
      active_ms: Math.round(this.active),
      clicks: this.clicks,
      tool: this.tool,
      source: this.source,
    };
    this.active = 0;
    this.clicks = 0;
    return effort;
  };
}
