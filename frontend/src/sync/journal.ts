/**
 * The journal of edits. `append` is durable before anything is sent; one tab sends, in order, one
 * request at a time, until the server has answered for every operation. Stage 7 of the flow
 * (save): the browser's half of POST /api/v1/projects/{id}/operations.
 */
import { Signal } from "../document/signal";
import { uuid7 } from "./ids";
import { AppError, asAppError } from "./errors";
import type { Draft, Entry, JournalStore, Settled } from "./journal-store";
import type { BatchAnswer } from "./resources/annotations";
import type { SenderLock } from "./sender-lock";
import { keepMineDrafts } from "./conflicts";
import { onTheWire } from "./wire";
import type { HeldTarget, Journal, Operation, OperationResult, SyncState } from "./types";

export const BATCH_MOST = 100;
const BATCH_BYTES = 1_000_000;

/** Where the sending tab stands with the server; the others hear it from that tab. */
export type Link = "ok" | "offline" | "sign-in";

type Message =
  | { type: "appended" }
  | { type: "changed" }
  | { type: "settled"; settled: { op: Operation; result: OperationResult }[] }
  | { type: "link"; link: Link; sending: boolean };

/** The part of BroadcastChannel that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  close(): void;
}

export interface JournalParts {
  user: string;
  store: JournalStore;
  lock: SenderLock;
  channel: Channel;
  send(project: string, operations: Operation[]): Promise<BatchAnswer>;
  /** Resolves when this journal's user is (again) the one signed in. */
  signedIn(signal: AbortSignal): Promise<void>;
  now?: () => number;
  random?: () => number;
  newId?: () => string;
  retryFirstMs?: number;
  retryMostMs?: number;
}

export class OperationJournal implements Journal {
  readonly state = new Signal<SyncState>({ kind: "saved" });
  /** Objects with a conflict or a refused change, for the panel that asks for a choice. */
  readonly held = new Signal<readonly HeldTarget[]>([]);
  private readonly listeners = new Set<(op: Operation, result: OperationResult) => void>();
  private readonly stop = new AbortController();
  private readonly now: () => number;
  private wake: () => void = () => undefined;
  private resume: () => void = () => undefined;
  private link: Link = "ok";
  private limit = BATCH_MOST;
  private failures = 0;
  /** On their way into the database: not kept yet, so not saved either. */
  private arriving = 0;
  private running: Promise<void> | null = null;
  private refreshing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: JournalParts) {
    this.now = parts.now ?? Date.now;
    parts.channel.onmessage = (event) => this.hear(event.data as Message);
  }

  start(): void {
    this.running ??= this.run().catch(() => undefined);
    void this.refresh();
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.resume();
    this.wake();
    await this.parts.lock.release();
    await this.running;
    await this.refreshing.catch(() => undefined);
    this.parts.channel.close();
    this.parts.store.close();
  }

  /** Resolves when the operation is durable in the browser. */
  async append(project: string, operation: Operation): Promise<void> {
    await this.appendAll([{ project, op: operation }]);
  }

  async appendAll(drafts: readonly Draft[]): Promise<void> {
    this.arriving += drafts.length;
    if (this.state.get().kind === "saved") this.state.set(this.stateFor([]));
    try {
      await this.parts.store.append(drafts, this.now());
    } catch (error) {
      this.arriving -= drafts.length;
      await this.refresh();
      throw error;
    }
    this.arriving -= drafts.length;
    this.announce({ type: "appended" });
    await this.refresh();
    this.wake();
  }

  /** Everything kept and not taken by the server, oldest first, the held ones included. */
  async pending(project: string): Promise<Operation[]> {
    return (await this.parts.store.all())
      .filter((entry) => entry.project === project)
      .map((entry) => entry.op);
  }

  onResult(listener: (operation: Operation, result: OperationResult) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Take theirs: gives up what is held of an object. */
  async discard(_project: string, target: string): Promise<void> {
    await this.parts.store.discardTarget(target);
    await this.changed();
  }

  /** Keep mine: one new operation on the server's current version replaces what is held. */
  async keepMine(target: string): Promise<void> {
    const held = (await this.parts.store.ofTarget(target)).filter(
      (one) => one.status !== "waiting",
    );
    const drafts = keepMineDrafts(held, this.parts.newId ?? uuid7, this.now());
    await this.parts.store.replaceTarget(target, drafts, this.now());
    await this.changed();
  }

  /** Sends refused operations of an object once more. */
  async retry(target: string): Promise<void> {
    await this.parts.store.retryTarget(target);
    await this.changed();
  }

  /** Called when the network or the server comes back: do not wait for the timer. */
  nudge(): void {
    this.failures = 0;
    this.resume();
    this.wake();
  }

  /** The whole queue as a file, when everything else fails. */
  async download(): Promise<Blob> {
    const entries = await this.parts.store.all();
    const text = JSON.stringify({ user: this.parts.user, kept: entries }, null, 1);
    return new Blob([text], { type: "application/json" });
  }

  private async changed(): Promise<void> {
    this.announce({ type: "changed" });
    await this.refresh();
    this.wake();
  }

  private announce(message: Message): void {
    if (!this.stop.signal.aborted) this.parts.channel.postMessage(message);
  }

  private hear(message: Message): void {
    if (message.type === "settled") {
      for (const { op, result } of message.settled) this.tell(op, result);
    } else if (message.type === "link") {
      this.link = message.link;
    }
    void this.refresh();
    this.wake();
  }

  private tell(op: Operation, result: OperationResult): void {
    for (const listener of [...this.listeners]) listener(op, result);
  }

  // --- sending (only the tab that holds the lock gets past `acquire`) ---

  private async run(): Promise<void> {
    await this.parts.lock.acquire(this.stop.signal);
    await this.parts.store.forgetOldChains(this.now());
    while (!this.stop.signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      const batch = await this.parts.store.nextBatch(this.limit, BATCH_BYTES);
      if (batch.length === 0) {
        this.setLink("ok");
        await woken;
        continue;
      }
      const pause = await this.sendBatch(batch);
      if (pause > 0 && !this.stop.signal.aborted) await this.pause(pause);
    }
  }

  /** Returns how long to wait before the next try, 0 to go on at once. */
  private async sendBatch(batch: Entry[]): Promise<number> {
    const project = batch[0]?.project ?? "";
    try {
      if (!(await this.parts.lock.still())) {
        await this.parts.lock.acquire(this.stop.signal);
        return 0;
      }
      const answer = await this.parts.send(
        project,
        batch.map((entry) => onTheWire(entry.op)),
      );
      await this.settle(batch, answer.results);
      this.failures = 0;
      this.limit = Math.min(BATCH_MOST, this.limit * 2);
      this.setLink("ok");
      return 0;
    } catch (thrown) {
      if (this.stop.signal.aborted) return 0;
      return this.afterFailure(batch, asAppError(thrown));
    }
  }

  private async afterFailure(batch: Entry[], error: AppError): Promise<number> {
    if (error.status === 401) {
      this.setLink("sign-in");
      await this.parts.signedIn(this.stop.signal);
      this.setLink("ok");
      return 0;
    }
    const poisoned = [400, 413, 415, 422].includes(error.status);
    if (poisoned && batch.length > 1) {
      this.limit = Math.ceil(batch.length / 2);
      return 0;
    }
    const closed = error.status === 404 || (error.status === 403 && error.code !== "csrf");
    if (poisoned || closed) {
      const { code, detail: message } = error;
      await this.settle(
        batch,
        batch.map(({ op }) => ({ id: op.id, status: "rejected", code, message })),
      );
      return 0;
    }
    this.failures += 1;
    this.setLink("offline");
    const most = this.parts.retryMostMs ?? 30_000;
    const grown = Math.min(most, (this.parts.retryFirstMs ?? 500) * 2 ** (this.failures - 1));
    const jittered = grown * (0.5 + (this.parts.random ?? Math.random)() / 2);
    return Math.max(jittered, Math.min(most, (error.retryAfter ?? 0) * 1000));
  }

  private async settle(batch: Entry[], results: OperationResult[]): Promise<void> {
    const known = new Set(results.map((result) => result.id));
    if (!batch.some((entry) => known.has(entry.op.id))) {
      throw new AppError("bad_answer", "The server answered for other changes.", 502, "later");
    }
    const settled: Settled[] = await this.parts.store.settle(batch, results, this.now());
    const news = settled.map(({ entry, result }) => ({ op: entry.op, result }));
    for (const { op, result } of news) this.tell(op, result);
    this.announce({ type: "settled", settled: news });
    await this.refresh();
  }

  /** A new append does not shorten the wait after a failure; `nudge` and `close` do. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private setLink(link: Link): void {
    if (this.link === link) return;
    this.link = link;
    this.announce({ type: "link", link, sending: true });
    void this.refresh();
  }

  // --- what the screen shows ---

  /** Recounts from the database; calls are put in a row so that an older count never wins. */
  refresh(): Promise<void> {
    this.refreshing = this.refreshing
      .catch(() => undefined)
      .then(async () => {
        if (this.stop.signal.aborted) return;
        const entries = await this.parts.store.all();
        this.held.set(heldTargets(entries));
        this.state.set(this.stateFor(entries));
      });
    return this.refreshing;
  }

  private stateFor(entries: readonly Entry[]): SyncState {
    const pending = this.arriving + entries.length;
    const waiting = this.arriving + entries.filter((entry) => entry.status === "waiting").length;
    const before = this.state.get();
    let next: SyncState = { kind: "saved" };
    if (this.link === "sign-in") next = { kind: "sign-in", pending };
    else if (this.link === "offline") next = { kind: "offline", pending };
    else if (pending > waiting) next = { kind: "conflict", pending };
    else if (waiting > 0) next = { kind: "saving", pending: waiting };
    return JSON.stringify(next) === JSON.stringify(before) ? before : next;
  }
}

function heldTargets(entries: readonly Entry[]): HeldTarget[] {
  const byTarget = new Map<string, HeldTarget>();
  for (const entry of entries) {
    if (entry.status === "waiting") continue;
    const held = byTarget.get(entry.op.target);
    if (held) {
      held.operations.push(entry.op);
      continue;
    }
    byTarget.set(entry.op.target, {
      target: entry.op.target,
      project: entry.project,
      status: entry.status,
      code: entry.problem?.code ?? entry.status,
      message: entry.problem?.message ?? "",
      record: entry.record,
      operations: [entry.op],
    });
  }
  return [...byTarget.values()];
}
