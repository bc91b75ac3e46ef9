/** Builds the objects of this folder and connects them; the page uses `sync` and nothing else. */
import { makeApi, type Api } from "./api";
import { Http } from "./http";
import { LiveSockets } from "./live";
import { makeEditorApi } from "./editor-api";
import { ByteCache } from "./prefetch";
import { Session, type SessionChannel } from "./session";
import { Signal } from "../document/signal";
import { UserJournal } from "./user-journal";
import type { Sync, UserRecord } from "./types";

/** Some forty SAM-sized or a few hundred small embeddings. */
const EMBEDDING_BYTES = 192 * 1024 * 1024;

export interface PageSync extends Sync {
  readonly api: Sync["api"];
  readonly journal: UserJournal;
  readonly live: LiveSockets;
  readonly session: Session;
  /** All resources, for the pages around the editor. */
  readonly server: Api;
  readonly cache: ByteCache;
}

function sessionChannel(): SessionChannel | null {
  return typeof BroadcastChannel === "undefined"
    ? null
    : (new BroadcastChannel("samweb-session") as SessionChannel);
}

export function makeSync(): PageSync {
  const http = new Http();
  const server = makeApi(http);
  const session = new Session(server.accounts, sessionChannel());
  http.useGate(session);
  const cache = new ByteCache((url, signal) => http.bytes(url, signal), EMBEDDING_BYTES);
  const journal = new UserJournal({
    send: async (project, device, operations, user) => {
      await session.sureItIs(user);
      return server.annotations.sendOperations(project, device, operations, user);
    },
    signedIn: (user, signal) => {
      session.expire();
      return session.waitFor(user, signal);
    },
  });
  const live = new LiveSockets({
    open: (url) => new WebSocket(url),
    seq: async (project) => (await server.projects.get(project)).seq,
  });
  const user = new Signal<UserRecord | null>(null);
  session.state.subscribe(() => {
    user.set(session.user);
    const state = session.state.get();
    if (state.kind === "in") live.nudge();
    void journal.use(session.user?.id ?? null).catch(() => undefined);
  });
  return { user, api: makeEditorApi(server, cache), journal, live, session, server, cache };
}

export const sync: PageSync = makeSync();

/** Wakes what waits when the network is back, and asks before unsent work is left behind. */
export function watchPage(page: PageSync, view: Window): () => void {
  const awake = () => {
    page.journal.nudge();
    page.live.nudge();
  };
  const leaving = (event: BeforeUnloadEvent) => {
    if (page.journal.state.get().kind !== "saved") event.preventDefault();
  };
  view.addEventListener("online", awake);
  view.addEventListener("focus", awake);
  view.addEventListener("beforeunload", leaving);
  return () => {
    view.removeEventListener("online", awake);
    view.removeEventListener("focus", awake);
    view.removeEventListener("beforeunload", leaving);
  };
}
