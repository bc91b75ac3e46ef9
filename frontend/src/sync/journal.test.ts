import "fake-indexeddb/auto";
import { afterEach, describe, expect, it, vi } from "vitest";

import { keepMineDrafts } from "./conflicts";
import type { Entry } from "./journal-store";
import { AppError, offlineError } from "./errors";
import { JournalStore } from "./journal-store";
import { OperationJournal, type Channel, type JournalParts } from "./journal";
import { LeaseLock } from "./sender-lock";
import { FakeServer, operation } from "./journal.fixtures";
import type { Operation, OperationResult } from "./types";

const PROJECT = "p1";
let opened: OperationJournal[] = [];
let users = 0;

afterEach(async () => {
  for (const journal of opened) await journal.close();
  opened = [];
});

const rooms = new Map<string, Set<Channel>>();

/** Tabs of one user hear each other, as BroadcastChannel lets them. */
function fakeChannel(name: string): Channel {
  const room = rooms.get(name) ?? new Set<Channel>();
  rooms.set(name, room);
  const channel: Channel = {
    onmessage: null,
    postMessage: (data) => {
      for (const other of room) {
        if (other !== channel) queueMicrotask(() => other.onmessage?.({ data }));
      }
    },
    close: () => room.delete(channel),
  };
  room.add(channel);
  return channel;
}

async function journalOf(
  user: string,
  send: JournalParts["send"],
  more: Partial<JournalParts> = {},
): Promise<OperationJournal> {
  const store = await JournalStore.open(user);
  const journal = new OperationJournal({
    user,
    store,
    lock: new LeaseLock(store, `tab-${opened.length}`, 60),
    channel: fakeChannel(user),
    send,
    signedIn: () => Promise.resolve(),
    retryFirstMs: 2,
    retryMostMs: 8,
    ...more,
  });
  opened.push(journal);
  return journal;
}

function freshUser(): string {
  users += 1;
  return `user-${users}`;
}

async function settled(journal: OperationJournal, kind = "saved"): Promise<void> {
  await vi.waitFor(() => expect(journal.state.get().kind).toBe(kind), 2000);
}

describe("the journal", () => {
  it("is durable before anything is sent, and survives a closed tab", async () => {
    const ada = freshUser();
    const silent = await journalOf(ada, () => new Promise(() => undefined));
    for (let i = 0; i < 30; i += 1) await silent.append(PROJECT, operation(`a${i}`));
    expect((await silent.pending(PROJECT)).length).toBe(30);

    const server = new FakeServer();
    const reopened = await journalOf(ada, server.send);
    expect((await reopened.pending(PROJECT)).map((op) => op.target)).toEqual(
      Array.from({ length: 30 }, (_, i) => `a${i}`),
    );
  });

  it("does not say saved while an operation is on its way into the database", async () => {
    const journal = await journalOf("ada-arriving", new FakeServer().send);
    const appending = journal.append(PROJECT, operation("a1"));
    expect(journal.state.get()).toEqual({ kind: "saving", pending: 1 });
    await appending;
    expect(journal.state.get()).toEqual({ kind: "saving", pending: 1 });
    journal.start();
    await vi.waitFor(() => expect(journal.state.get()).toEqual({ kind: "saved" }));
  });

  it("sends in order, one request at a time, at most a hundred in a batch", async () => {
    const server = new FakeServer({ delayMs: 2 });
    const journal = await journalOf(freshUser(), server.send);
    await journal.appendAll(
      Array.from({ length: 230 }, (_, i) => ({ project: PROJECT, op: operation(`a${i}`) })),
    );
    journal.start();
    await settled(journal);
    expect(server.batches).toEqual([100, 100, 30]);
    expect(server.mostAtOnce).toBe(1);
    expect(server.log.map((op) => op.target)).toEqual(
      Array.from({ length: 230 }, (_, i) => `a${i}`),
    );
  });

  it("retries without doubling when every first answer is lost after the commit", async () => {
    const server = new FakeServer({ loseFirstAnswerOfEachBatch: true });
    const journal = await journalOf(freshUser(), server.send);
    journal.start();
    for (let i = 0; i < 40; i += 1) await journal.append(PROJECT, operation(`a${i}`));
    await settled(journal);
    expect(server.log.length).toBe(40);
    expect(server.lost).toBeGreaterThan(0);
    expect(await journal.pending(PROJECT)).toEqual([]);
  });

  it("keeps one user's work out of another's hands", async () => {
    const ada = freshUser();
    const ben = freshUser();
    const adas = await journalOf(ada, () => Promise.reject(offlineError()));
    await adas.append(PROJECT, operation("adas-object"));
    await adas.close();
    opened = [];
    const server = new FakeServer();
    const bens = await journalOf(ben, server.send);
    bens.start();
    await bens.append(PROJECT, operation("bens-object"));
    await settled(bens);
    expect(server.log.map((op) => op.target)).toEqual(["bens-object"]);
    const again = await journalOf(ada, server.send);
    expect((await again.pending(PROJECT)).map((op) => op.target)).toEqual(["adas-object"]);
  });

  it("sets one refused operation aside and lets the others through", async () => {
    const server = new FakeServer({ refuse: new Set(["a1"]) });
    const journal = await journalOf(freshUser(), server.send);
    for (const target of ["a0", "a1", "a2"]) await journal.append(PROJECT, operation(target));
    journal.start();
    await settled(journal, "conflict");
    expect(server.log.map((op) => op.target)).toEqual(["a0", "a2"]);
    expect(journal.held.get()).toMatchObject([
      { target: "a1", status: "refused", code: "locked", message: "This image is accepted." },
    ]);
    server.refuse.clear();
    await journal.retry("a1");
    await settled(journal);
    expect(server.log.map((op) => op.target)).toEqual(["a0", "a2", "a1"]);
  });

  it("finds the poisoned operation of a batch that the server refuses as a whole", async () => {
    const server = new FakeServer({ poison: "a13" });
    const journal = await journalOf(freshUser(), server.send);
    await journal.appendAll(
      Array.from({ length: 40 }, (_, i) => ({ project: PROJECT, op: operation(`a${i}`) })),
    );
    journal.start();
    await settled(journal, "conflict");
    await vi.waitFor(() => expect(server.log.length).toBe(39), 2000);
    expect(journal.held.get().map((held) => held.target)).toEqual(["a13"]);
  });

  it("holds what follows a refused create until the create is tried again", async () => {
    const server = new FakeServer({ refuse: new Set(["a1"]) });
    const journal = await journalOf(freshUser(), server.send);
    await journal.append(PROJECT, operation("a1"));
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    journal.start();
    await settled(journal, "conflict");
    await journal.append(PROJECT, operation("a1", "annotation.update", 2));
    expect(journal.held.get()[0]?.operations.length).toBe(3);
    server.refuse.clear();
    await journal.retry("a1");
    await settled(journal);
    expect(server.version("a1")).toBe(3);
  });
});

describe("versions", () => {
  it("chains operations queued on one object", async () => {
    const server = new FakeServer();
    const journal = await journalOf(freshUser(), server.send);
    await journal.append(PROJECT, operation("a1"));
    // The editor has not heard of any answer yet and goes on from what it knows.
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    journal.start();
    await settled(journal);
    expect(server.log.map((op) => op.base_version)).toEqual([0, 1, 2]);
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    await settled(journal);
    expect(server.version("a1")).toBe(4);
    expect(journal.held.get()).toEqual([]);
  });

  it("does not hide another person's change behind the chain", async () => {
    const server = new FakeServer();
    const journal = await journalOf(freshUser(), server.send);
    journal.start();
    await journal.append(PROJECT, operation("a1"));
    await settled(journal);
    server.changeByOther("a1");
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    await settled(journal, "conflict");
    expect(journal.held.get()[0]?.record).toMatchObject({ version: 2 });
  });

  it("moves queued operations along when the server answers another version", async () => {
    const server = new FakeServer({ step: 5 });
    const journal = await journalOf(freshUser(), server.send, {});
    await journal.append(PROJECT, operation("a1"));
    let send: () => void = () => undefined;
    journal.onResult(() => send());
    const first = new Promise<void>((resolve) => (send = resolve));
    journal.start();
    await first;
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    await settled(journal);
    expect(server.version("a1")).toBe(10);
  });
});

describe("a conflict", () => {
  async function conflicted() {
    const server = new FakeServer();
    const journal = await journalOf(freshUser(), server.send);
    server.put("a1", 7);
    await journal.append(PROJECT, operation("a1", "annotation.update", 3, { label: "mine" }));
    await journal.append(PROJECT, operation("a1", "annotation.update", 4, { iscrowd: true }));
    await journal.append(PROJECT, operation("other"));
    journal.start();
    await vi.waitFor(() => expect(server.log.length).toBe(1), 2000);
    await settled(journal, "conflict");
    return { server, journal };
  }

  it("keeps the server's record and every later change of the object, others go on", async () => {
    const { server, journal } = await conflicted();
    expect(server.log.map((op) => op.target)).toEqual(["other"]);
    const held = journal.held.get();
    expect(held.length).toBe(1);
    expect(held[0]).toMatchObject({ status: "conflict", record: { version: 7 } });
    expect(held[0]?.operations.length).toBe(2);
  });

  it("keep mine: one new operation on the new version with all my fields", async () => {
    const { server, journal } = await conflicted();
    await journal.keepMine("a1");
    await settled(journal);
    const last = server.log.at(-1);
    expect(last).toMatchObject({ base_version: 7, payload: { label: "mine", iscrowd: true } });
    expect(server.version("a1")).toBe(8);
  });

  it("keep mine after strokes: the whole mask goes, for the patches stand on one that is gone", () => {
    const stroke = (counts: string, version: number) => ({
      mask: { size: [2, 2], counts },
      mask_patch: { bbox: [0, 0, 1, 1], counts: "01", base_version: version },
    });
    const held = [stroke("13", 1), stroke("04", 2)].map((payload, at) => ({
      seq: at,
      project: PROJECT,
      op: operation("a1", "annotation.update", at + 1, payload),
      status: "conflict" as const,
      record: { version: 7 },
    }));
    const [draft] = keepMineDrafts(held as unknown as Entry[], () => "new", 0);
    expect(draft?.op.payload).toEqual({ mask: { size: [2, 2], counts: "04" } });
    expect(draft?.op.base_version).toBe(7);
  });

  it("take theirs: nothing is sent and nothing is held", async () => {
    const { server, journal } = await conflicted();
    await journal.discard(PROJECT, "a1");
    await settled(journal);
    expect(server.version("a1")).toBe(7);
    expect(await journal.pending(PROJECT)).toEqual([]);
  });

  it("is still there after a reload", async () => {
    const { server, journal } = await conflicted();
    const user = `user-${users}`;
    await journal.close();
    opened = [];
    const reopened = await journalOf(user, server.send);
    await reopened.refresh();
    expect(reopened.held.get()[0]).toMatchObject({ target: "a1", record: { version: 7 } });
  });
});

describe("the network and the sign-in", () => {
  it("says offline with the number kept, and sends all when the server is back", async () => {
    const server = new FakeServer({ down: true });
    const journal = await journalOf(freshUser(), server.send);
    journal.start();
    for (let i = 0; i < 14; i += 1) await journal.append(PROJECT, operation(`a${i}`));
    await vi.waitFor(() => expect(journal.state.get()).toEqual({ kind: "offline", pending: 14 }));
    server.down = false;
    journal.nudge();
    await settled(journal);
    expect(server.log.length).toBe(14);
  });

  it("waits for the sign-in after a 401 and then sends everything", async () => {
    const server = new FakeServer({ signedOut: true });
    let signIn: () => void = () => undefined;
    const journal = await journalOf(freshUser(), server.send, {
      signedIn: () => new Promise<void>((resolve) => (signIn = resolve)),
    });
    journal.start();
    for (let i = 0; i < 50; i += 1) await journal.append(PROJECT, operation(`a${i}`));
    await settled(journal, "sign-in");
    server.signedOut = false;
    signIn();
    await settled(journal);
    expect(server.log.length).toBe(50);
  });

  it("holds changes of a project that has become closed to me, with the reason", async () => {
    const journal = await journalOf(freshUser(), () =>
      Promise.reject(new AppError("not_found", "No such project.", 404, "never")),
    );
    await journal.append(PROJECT, operation("a1"));
    journal.start();
    await settled(journal, "conflict");
    expect(journal.held.get()[0]).toMatchObject({ status: "refused", message: "No such project." });
  });
});

describe("two tabs", () => {
  it("only one sends; the other follows and takes over when the first is gone", async () => {
    const user = freshUser();
    const server = new FakeServer({ delayMs: 2 });
    const senders: string[] = [];
    const tab = (name: string): JournalParts["send"] => {
      return (project, operations) => {
        senders.push(name);
        return server.send(project, operations);
      };
    };
    const first = await journalOf(user, tab("first"));
    const second = await journalOf(user, tab("second"));
    const heard: [Operation, OperationResult][] = [];
    second.onResult((op, result) => heard.push([op, result]));
    first.start();
    await vi.waitFor(() => expect(first.state.get().kind).toBe("saved"));
    await first.append(PROJECT, operation("a0"));
    await settled(first);
    second.start();
    for (let i = 1; i <= 10; i += 1) await second.append(PROJECT, operation(`a${i}`));
    await settled(second);
    expect(new Set(senders)).toEqual(new Set(["first"]));
    await vi.waitFor(() => expect(heard.length).toBe(11));
    await first.close();
    opened = opened.filter((one) => one !== first);
    await second.append(PROJECT, operation("late"));
    await settled(second);
    expect(senders.at(-1)).toBe("second");
    expect(server.log.length).toBe(12);
  });
});

describe("whatever happens", () => {
  it("the server ends with every operation once, in each object's order", async () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const server = new FakeServer({ chaos: seed });
      const journal = await journalOf(freshUser(), server.send);
      journal.start();
      const versions = new Map<string, number>();
      for (let i = 0; i < 60; i += 1) {
        const target = `a${(i * 7 + seed) % 9}`;
        const base = versions.get(target);
        const kind = base === undefined ? "annotation.create" : "annotation.update";
        await journal.append(PROJECT, operation(target, kind, base ?? 0, { label: `l${i}` }));
        versions.set(target, (base ?? 0) + 1);
      }
      await settled(journal);
      expect(server.log.length).toBe(60);
      for (const [target, version] of versions) expect(server.version(target)).toBe(version);
    }
  });
});

describe("what an operation does to the version", () => {
  it("a verdict leaves it as it is, and a mask patch moves with it", async () => {
    const user = freshUser();
    const journal = await journalOf(user, () => Promise.reject(offlineError()));
    const patch = { mask_patch: { bbox: [0, 0, 1, 1], counts: "1", base_version: 1 } };
    await journal.append(PROJECT, operation("a1", "annotation.update", 1));
    await journal.append(PROJECT, operation("a1", "verdict.set", 2, { verdict: "accepted" }));
    await journal.append(PROJECT, operation("a1", "annotation.update", 1, patch));
    const [, verdict, patched] = await journal.pending(PROJECT);
    expect(verdict?.base_version).toBe(2);
    expect(patched?.base_version).toBe(2);
    expect(patched?.payload["mask_patch"]).toMatchObject({ base_version: 2 });
  });
});
