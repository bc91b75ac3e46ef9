/**
 * One tab sends. Web Locks where the browser has them (secure contexts), else a lease in the
 * journal's database that the holder renews. A lost lease costs nothing but a repeated request:
 * operations are idempotent by id.
 */
import type { JournalStore } from "./journal-store";

export interface SenderLock {
  /** Resolves when this tab is the sender; rejects never, hangs while another tab is. */
  acquire(signal: AbortSignal): Promise<void>;
  /** Whether this tab still is the sender; renews the lease. */
  still(): Promise<boolean>;
  release(): Promise<void>;
}

export class WebLock implements SenderLock {
  private free: (() => void) | null = null;

  constructor(
    private readonly name: string,
    private readonly locks: LockManager,
  ) {}

  acquire(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.locks
        .request(this.name, { signal }, () => {
          resolve();
          return new Promise<void>((free) => {
            this.free = free;
          });
        })
        .catch(reject);
    });
  }

  still(): Promise<boolean> {
    return Promise.resolve(this.free !== null);
  }

  release(): Promise<void> {
    this.free?.();
    this.free = null;
    return Promise.resolve();
  }
}

export class LeaseLock implements SenderLock {
  private beat: ReturnType<typeof setInterval> | null = null;

  constructor(
    private readonly store: JournalStore,
    private readonly owner: string,
    private readonly leaseMs = 6000,
    private readonly now: () => number = Date.now,
  ) {}

  async acquire(signal: AbortSignal): Promise<void> {
    while (!(await this.still())) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.leaseMs / 3);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
      if (signal.aborted) throw new DOMException("stopped", "AbortError");
    }
    this.beat = setInterval(() => void this.still().catch(() => undefined), this.leaseMs / 3);
  }

  still(): Promise<boolean> {
    return this.store.lease(this.owner, this.now(), this.leaseMs);
  }

  async release(): Promise<void> {
    if (this.beat !== null) clearInterval(this.beat);
    this.beat = null;
    await this.store.release(this.owner);
  }
}

export function senderLock(store: JournalStore, user: string, owner: string): SenderLock {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  return locks ? new WebLock(`samweb-sender-${user}`, locks) : new LeaseLock(store, owner);
}
