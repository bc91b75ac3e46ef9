/** A server of the operations endpoint in memory, with the faults a real one has. For tests. */
import { AppError, offlineError } from "./errors";
import type { BatchAnswer } from "./resources/annotations";
import type { Operation, OperationResult } from "./types";

let made = 0;

export function operation(
  target: string,
  kind = "annotation.create",
  base_version = 0,
  payload: Record<string, unknown> = {},
): Operation {
  made += 1;
  return {
    id: `op-${made}`,
    kind,
    target,
    base_version,
    payload,
    client_time: "2026-01-01T00:00:00Z",
    active_ms: 10,
    clicks: 1,
    tool: "point",
    source: "person",
  };
}

interface Faults {
  delayMs?: number;
  loseFirstAnswerOfEachBatch?: boolean;
  refuse?: Set<string>;
  poison?: string;
  down?: boolean;
  signedOut?: boolean;
  /** Versions grow by this; 1 unless the test is about that. */
  step?: number;
  /** Seed: some requests die before, some after the commit. */
  chaos?: number;
}

export class FakeServer {
  readonly log: Operation[] = [];
  readonly batches: number[] = [];
  readonly refuse: Set<string>;
  lost = 0;
  mostAtOnce = 0;
  down: boolean;
  signedOut: boolean;
  private atOnce = 0;
  private versions = new Map<string, number>();
  private done = new Map<string, OperationResult>();
  private seen = new Set<string>();
  private dice: number;

  constructor(private readonly faults: Faults = {}) {
    this.refuse = faults.refuse ?? new Set();
    this.down = faults.down ?? false;
    this.signedOut = faults.signedOut ?? false;
    this.dice = faults.chaos ?? 0;
  }

  version(target: string): number {
    return this.versions.get(target) ?? 0;
  }

  put(target: string, version: number): void {
    this.versions.set(target, version);
  }

  changeByOther(target: string): void {
    this.put(target, this.version(target) + 1);
  }

  send = async (_project: string, operations: Operation[]): Promise<BatchAnswer> => {
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      if (this.faults.delayMs) await new Promise((r) => setTimeout(r, this.faults.delayMs));
      return this.answer(operations);
    } finally {
      this.atOnce -= 1;
    }
  };

  private answer(operations: Operation[]): BatchAnswer {
    if (this.down || this.roll() < 0.15) throw offlineError();
    if (this.signedOut) throw new AppError("not_signed_in", "Sign in.", 401, "now");
    if (operations.some((op) => op.target === this.faults.poison)) {
      throw new AppError("bad_request", "This cannot be read.", 400, "never");
    }
    this.batches.push(operations.length);
    const conflicted = new Set<string>();
    const results = operations.map((op) => this.apply(op, conflicted));
    const key = operations.map((op) => op.id).join();
    if (this.faults.loseFirstAnswerOfEachBatch && !this.seen.has(key)) {
      this.seen.add(key);
      this.lost += 1;
      throw offlineError();
    }
    if (this.roll() < 0.15) throw offlineError();
    return { results, seq: this.log.length };
  }

  private apply(op: Operation, conflicted: Set<string>): OperationResult {
    const before = this.done.get(op.id);
    if (before) return { ...before, status: "duplicate" };
    if (this.refuse.has(op.target)) {
      const message = "This image is accepted.";
      return { id: op.id, status: "rejected", code: "locked", message };
    }
    const version = this.version(op.target);
    if (conflicted.has(op.target) || op.base_version !== version) {
      conflicted.add(op.target);
      return { id: op.id, status: "conflict", record: { id: op.target, version } };
    }
    const next = version + (this.faults.step ?? 1);
    this.put(op.target, next);
    this.log.push(op);
    const result: OperationResult = { id: op.id, status: "applied", version: next };
    this.done.set(op.id, result);
    return result;
  }

  private roll(): number {
    if (!this.faults.chaos) return 1;
    this.dice = (this.dice * 1103515245 + 12345) % 2147483648;
    return this.dice / 2147483648;
  }
}
