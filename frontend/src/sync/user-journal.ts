/**
 * The journal of whoever is signed in. Each user has a database of their own; on a change of user
 * the old journal is closed with everything in it and waits there for its owner.
 */
import { Signal } from "../document/signal";
import { AppError } from "./errors";
import { JournalStore } from "./journal-store";
import { OperationJournal, type Channel, type JournalParts } from "./journal";
import { senderLock } from "./sender-lock";
import { uuid7 } from "./ids";
import type { HeldTarget, Journal, Operation, OperationResult, SyncState } from "./types";

type Listener = (operation: Operation, result: OperationResult) => void;

export interface UserJournalParts {
  send(
    project: string,
    device: string,
    operations: Operation[],
    user: string,
  ): ReturnType<JournalParts["send"]>;
  signedIn(user: string, signal: AbortSignal): Promise<void>;
  channel?: (name: string) => Channel;
}

/** Browsers without BroadcastChannel still work; their tabs follow at the next reload. */
function openChannel(name: string): Channel {
  if (typeof BroadcastChannel === "undefined") {
    return { postMessage: () => undefined, onmessage: null, close: () => undefined };
  }
  return new BroadcastChannel(name) as Channel;
}

export class UserJournal implements Journal {
  readonly state = new Signal<SyncState>({ kind: "saved" });
  readonly held = new Signal<readonly HeldTarget[]>([]);
  private readonly listeners = new Set<Listener>();
  private user: string | null = null;
  private current: Promise<OperationJournal> | null = null;

  constructor(private readonly parts: UserJournalParts) {}

  /** Opens the journal of `user` and starts sending; null closes what is open. */
  async use(user: string | null): Promise<void> {
    if (user === this.user) return;
    const before = this.current;
    this.user = user;
    this.current = user === null ? null : this.open(user);
    this.current?.catch(() => undefined);
    if (user === null) {
      this.state.set({ kind: "saved" });
      this.held.set([]);
    }
    if (before) await (await before).close().catch(() => undefined);
    await this.current;
  }

  nudge(): void {
    void this.current?.then((journal) => journal.nudge()).catch(() => undefined);
  }

  async append(project: string, operation: Operation): Promise<void> {
    await (await this.opened()).append(project, operation);
  }

  async pending(project: string): Promise<Operation[]> {
    return (await this.opened()).pending(project);
  }

  onResult(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async discard(project: string, target: string): Promise<void> {
    await (await this.opened()).discard(project, target);
  }

  async keepMine(target: string): Promise<void> {
    await (await this.opened()).keepMine(target);
  }

  async retry(target: string): Promise<void> {
    await (await this.opened()).retry(target);
  }

  async download(): Promise<Blob> {
    return (await this.opened()).download();
  }

  private opened(): Promise<OperationJournal> {
    if (this.current) return this.current;
    return Promise.reject(new AppError("signed_out", "Sign in to go on.", 401, "never"));
  }

  private async open(user: string): Promise<OperationJournal> {
    const store = await JournalStore.open(user);
    const device = await store.device(uuid7);
    const journal = new OperationJournal({
      user,
      store,
      lock: senderLock(store, user, uuid7()),
      channel: (this.parts.channel ?? openChannel)(`samweb-journal-${user}`),
      send: (project, operations) => this.parts.send(project, device, operations, user),
      signedIn: (signal) => this.parts.signedIn(user, signal),
    });
    const follow = () => {
      if (this.user !== user) return;
      this.state.set(journal.state.get());
      this.held.set(journal.held.get());
    };
    journal.state.subscribe(follow);
    journal.held.subscribe(follow);
    journal.onResult((operation, result) => {
      for (const listener of [...this.listeners]) listener(operation, result);
    });
    await journal.refresh();
    follow();
    journal.start();
    return journal;
  }
}
