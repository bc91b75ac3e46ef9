/**
 * Space and the middle button mean two things: held and moved they pan, tapped they accept. A press
 * that moved, or lasted 250 ms, is a pan and never an accept.
 */
export const TAP_MS = 250;

export class TapOrPan {
  private since: number | null = null;
  private moved = false;

  get held(): boolean {
    return this.since !== null;
  }

  /** Key repeat calls this again and again: only the first press counts. */
  begin(now: number): void {
    if (this.since !== null) return;
    this.since = now;
    this.moved = false;
  }

  pan(): void {
    this.moved = true;
  }

  /** True when it was a tap. */
  end(now: number): boolean {
    const tap = this.since !== null && !this.moved && now - this.since < TAP_MS;
    this.since = null;
    return tap;
  }

  /** The window lost its keys: whatever was held is over, and was no tap. */
  drop(): void {
    this.since = null;
  }
}
