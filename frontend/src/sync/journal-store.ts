/**
 * The journal on disk: one IndexedDB per user, so that nothing can leave under another's sign-in.
 * Each method is one transaction; several tabs may call them at once.
 *
 * Version chaining: an operation that is queued behind another one on the same object gets as
 * `base_version` the version the earlier one will yield (`chains` remembers first and end). An
 * answer with another version moves what is still queued along.
 */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from "idb";
import type { Operation, OperationResult } from "./types";

export type ServerRecord = Record<string, unknown>;
export type EntryStatus = "waiting" | "conflict" | "refused";

export interface Entry {
  /** Order of appending; given by the database. */
  n: number;
  op: Operation;
  project: string;
  status: EntryStatus;
  problem: { code: string; message: string } | null;
  /** The server's current row, kept with a conflict. */
  record: ServerRecord | null;
  queued_at: number;
}

export interface Draft {
  op: Operation;
  project: string;
}

export interface Settled {
  entry: Entry;
  result: OperationResult;
}

export interface Counts {
  waiting: number;
  conflicts: number;
  refused: number;
}

interface Chain {
  target: string;
  first: number;
  end: number;
  at: number;
}

interface LockRow {
  key: "lock";
  owner: string;
  until: number;
}

interface Schema extends DBSchema {
  entries: { key: number; value: Entry; indexes: { target: string } };
  chains: { key: string; value: Chain };
  state: { key: string; value: LockRow | { key: string; value: string } };
}

type Writing = IDBPTransaction<Schema, ["entries", "chains"], "readwrite">;

const CHAIN_LIFE_MS = 24 * 3600 * 1000;
export const BEHIND_A_REFUSED = "behind_refused";

export function databaseName(user: string): string {
  return `samweb-journal-${user}`;
}

export class JournalStore {
  private constructor(private readonly db: IDBPDatabase<Schema>) {}

  static async open(user: string): Promise<JournalStore> {
    const db = await openDB<Schema>(databaseName(user), 1, {
      upgrade(fresh) {
        const entries = fresh.createObjectStore("entries", { keyPath: "n", autoIncrement: true });
        entries.createIndex("target", "op.target");
        fresh.createObjectStore("chains", { keyPath: "target" });
        fresh.createObjectStore("state", { keyPath: "key" });
      },
      blocking(_current, _next, event) {
        (event.target as IDBDatabase).close();
      },
    });
    return new JournalStore(db);
  }

  close(): void {
    this.db.close();
  }

  /** A stable name of this browser for this user. */
  async device(make: () => string): Promise<string> {
    const tx = this.db.transaction("state", "readwrite");
    const row = await tx.store.get("device");
    if (row && "value" in row) return row.value;
    const value = make();
    await tx.store.put({ key: "device", value });
    await tx.done;
    return value;
  }

  /** Durable when the promise resolves. Returns the entries as stored, with chained versions. */
  async append(drafts: readonly Draft[], now: number): Promise<Entry[]> {
    const tx = this.db.transaction(["entries", "chains"], "readwrite", { durability: "strict" });
    const stored: Entry[] = [];
    for (const draft of drafts) stored.push(await this.appendOne(tx, draft, now));
    await tx.done;
    return stored;
  }

  private async appendOne(tx: Writing, draft: Draft, now: number): Promise<Entry> {
    const entries = tx.objectStore("entries");
    const chains = tx.objectStore("chains");
    const { target } = draft.op;
    const chain = await chains.get(target);
    const base = draft.op.base_version;
    const continues = chain !== undefined && chain.first <= base && base <= chain.end;
    const from = continues ? chain.end : base;
    const end = from + yields(draft.op);
    await chains.put({ target, first: continues ? chain.first : from, end, at: now });
    const earlier = await entries.index("target").getAll(target);
    const entry: Omit<Entry, "n"> = {
      op: standingOn(draft.op, from),
      project: draft.project,
      status: "waiting",
      problem: null,
      record: null,
      queued_at: now,
      ...standingBehind(earlier),
    };
    const n = await entries.add(entry as Entry);
    return { ...entry, n };
  }

  /** The first waiting entries of one project, in order. */
  async nextBatch(most: number, mostBytes: number): Promise<Entry[]> {
    const batch: Entry[] = [];
    let bytes = 0;
    let cursor = await this.db.transaction("entries").store.openCursor();
    while (cursor && batch.length < most) {
      const entry = cursor.value;
      if (entry.status === "waiting") {
        bytes += JSON.stringify(entry.op).length;
        const first = batch[0];
        if (first && (first.project !== entry.project || bytes > mostBytes)) break;
        batch.push(entry);
      }
      cursor = await cursor.continue();
    }
    return batch;
  }

  /** Writes the server's word on a batch: done ones leave, the others stay with their reason. */
  async settle(
    batch: readonly Entry[],
    results: readonly OperationResult[],
    now: number,
  ): Promise<Settled[]> {
    const byId = new Map(results.map((result) => [result.id, result]));
    const tx = this.db.transaction(["entries", "chains"], "readwrite", { durability: "strict" });
    const settled: Settled[] = [];
    for (const sent of batch) {
      const result = byId.get(sent.op.id);
      const entry = await tx.objectStore("entries").get(sent.n);
      if (!result || !entry) continue;
      settled.push({ entry, result });
      if (result.status === "applied" || result.status === "duplicate") {
        await tx.objectStore("entries").delete(entry.n);
        await this.moveAlong(
          tx,
          entry.op.target,
          result.version ?? entry.op.base_version + yields(entry.op),
          now,
        );
      } else if (result.status === "conflict") {
        await this.holdConflict(tx, entry, result);
      } else {
        await this.holdRefused(tx, entry, result, now);
      }
    }
    await tx.done;
    return settled;
  }

  private async moveAlong(
    tx: Writing,
    target: string,
    version: number,
    now: number,
  ): Promise<void> {
    const chains = tx.objectStore("chains");
    const chain = await chains.get(target);
    let end = version;
    for (const later of await tx.objectStore("entries").index("target").getAll(target)) {
      if (later.status !== "waiting") continue;
      if (later.op.base_version !== end) {
        const moved = { ...later, op: standingOn(later.op, end) };
        await tx.objectStore("entries").put(moved);
      }
      end += yields(later.op);
    }
    await chains.put({ target, first: Math.min(chain?.first ?? version, version), end, at: now });
  }

  private async holdConflict(tx: Writing, entry: Entry, result: OperationResult): Promise<void> {
    const problem = {
      code: result.code ?? "conflict",
      message: result.message ?? "Somebody else changed this object meanwhile.",
    };
    for (const one of await tx.objectStore("entries").index("target").getAll(entry.op.target)) {
      if (one.n < entry.n) continue;
      await tx
        .objectStore("entries")
        .put({ ...one, status: "conflict", problem, record: result.record ?? one.record });
    }
    await tx.objectStore("chains").delete(entry.op.target);
  }

  private async holdRefused(
    tx: Writing,
    entry: Entry,
    result: OperationResult,
    now: number,
  ): Promise<void> {
    const entries = tx.objectStore("entries");
    const problem = {
      code: result.code ?? "rejected",
      message: result.message ?? "The server refused this change.",
    };
    await entries.put({ ...entry, status: "refused", problem, record: result.record ?? null });
    if (!entry.op.kind.endsWith(".create")) {
      await this.moveAlong(tx, entry.op.target, entry.op.base_version, now);
      return;
    }
    for (const later of await entries.index("target").getAll(entry.op.target)) {
      if (later.n > entry.n)
        await entries.put({ ...later, ...standingBehind([{ ...entry, status: "refused" }]) });
    }
  }

  async all(): Promise<Entry[]> {
    return this.db.getAll("entries");
  }

  ofTarget(target: string): Promise<Entry[]> {
    return this.db.getAllFromIndex("entries", "target", target);
  }

  async counts(): Promise<Counts> {
    const counts: Counts = { waiting: 0, conflicts: 0, refused: 0 };
    const conflicted = new Set<string>();
    for (const entry of await this.all()) {
      if (entry.status === "waiting") counts.waiting += 1;
      else if (entry.status === "refused") counts.refused += 1;
      else conflicted.add(entry.op.target);
    }
    counts.conflicts = conflicted.size;
    return counts;
  }

  /** Refused operations of an object are queued again, in their old order. */
  async retryTarget(target: string): Promise<void> {
    const tx = this.db.transaction("entries", "readwrite");
    for (const entry of await tx.store.index("target").getAll(target)) {
      if (entry.status === "refused") {
        await tx.store.put({ ...entry, status: "waiting", problem: null });
      }
    }
    await tx.done;
  }

  /** Gives up everything held (conflict or refused) on an object. */
  async discardTarget(target: string): Promise<Entry[]> {
    const tx = this.db.transaction(["entries", "chains"], "readwrite", { durability: "strict" });
    const held = (await tx.objectStore("entries").index("target").getAll(target)).filter(
      (entry) => entry.status !== "waiting",
    );
    for (const entry of held) await tx.objectStore("entries").delete(entry.n);
    await tx.objectStore("chains").delete(target);
    await tx.done;
    return held;
  }

  /** Puts `drafts` in the place of everything held on an object, in one transaction. */
  async replaceTarget(target: string, drafts: readonly Draft[], now: number): Promise<Entry[]> {
    const tx = this.db.transaction(["entries", "chains"], "readwrite", { durability: "strict" });
    for (const entry of await tx.objectStore("entries").index("target").getAll(target)) {
      if (entry.status !== "waiting") await tx.objectStore("entries").delete(entry.n);
    }
    await tx.objectStore("chains").delete(target);
    const stored: Entry[] = [];
    for (const draft of drafts) stored.push(await this.appendOne(tx, draft, now));
    await tx.done;
    return stored;
  }

  async forgetOldChains(now: number): Promise<void> {
    const tx = this.db.transaction(["entries", "chains"], "readwrite");
    for (const chain of await tx.objectStore("chains").getAll()) {
      const queued = await tx.objectStore("entries").index("target").count(chain.target);
      if (queued === 0 && now - chain.at > CHAIN_LIFE_MS) {
        await tx.objectStore("chains").delete(chain.target);
      }
    }
    await tx.done;
  }

  /** Takes or renews the sender's lease; false while another tab holds it. */
  async lease(owner: string, now: number, forMs: number): Promise<boolean> {
    const tx = this.db.transaction("state", "readwrite");
    const row = await tx.store.get("lock");
    const free = !row || !("owner" in row) || row.owner === owner || row.until <= now;
    if (free) await tx.store.put({ key: "lock", owner, until: now + forMs });
    await tx.done;
    return free;
  }

  async release(owner: string): Promise<void> {
    const tx = this.db.transaction("state", "readwrite");
    const row = await tx.store.get("lock");
    if (row && "owner" in row && row.owner === owner) await tx.store.delete("lock");
    await tx.done;
  }
}

/** By how much an operation raises its target's version; a verdict judges and changes nothing. */
function yields(op: Operation): number {
  return op.kind === "verdict.set" ? 0 : 1;
}

/** The operation on another version of its target; a mask patch stands on the same one. */
function standingOn(op: Operation, base_version: number): Operation {
  const patch = op.payload["mask_patch"];
  if (typeof patch !== "object" || patch === null) return { ...op, base_version };
  const payload = { ...op.payload, mask_patch: { ...patch, base_version } };
  return { ...op, base_version, payload };
}

/** What a new entry inherits from held entries of the same object before it. */
function standingBehind(earlier: readonly Entry[]): Partial<Entry> {
  const conflict = earlier.find((entry) => entry.status === "conflict");
  if (conflict) return { status: "conflict", problem: conflict.problem, record: conflict.record };
  const refused = earlier.find(
    (entry) => entry.status === "refused" && entry.op.kind.endsWith(".create"),
  );
  if (!refused) return {};
  return {
    status: "refused",
    problem: {
      code: BEHIND_A_REFUSED,
      message: "An earlier change of the same object was refused; this one waits for it.",
    },
  };
}
