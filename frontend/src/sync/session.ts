/**
 * Who is signed in. A 401 anywhere opens the sign-in dialog over the page as it stands; whatever
 * waited goes on when the same person is back. Another person's sign-in lets the waiters fail, so
 * that nobody's work is sent under another name.
 */
import { Signal } from "../document/signal";
import { AppError } from "./errors";
import { csrfToken, type SignInGate } from "./http";
import type { User } from "./resources/accounts";

export type SessionState =
  | { kind: "unknown" }
  | { kind: "out" }
  | { kind: "in"; user: User }
  /** Signed in on screen, but the server has forgotten: the dialog is open. */
  | { kind: "expired"; user: User; other: string | null };

export interface SessionCalls {
  current(): Promise<User | null>;
  signIn(username: string, password: string): Promise<User>;
  signOut(): Promise<null>;
}

interface Waiter {
  user: string;
  resolve: () => void;
  reject: (error: AppError) => void;
}

export interface SessionChannel {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

function otherUser(): AppError {
  return new AppError(
    "other_user",
    "Somebody else has signed in in this browser. Your unsent work is kept for your next sign-in.",
    401,
    "never",
  );
}

export class Session implements SignInGate {
  readonly state = new Signal<SessionState>({ kind: "unknown" });
  private waiters = new Set<Waiter>();
  private verifiedToken: string | null = null;

  constructor(
    private readonly calls: SessionCalls,
    private readonly channel: SessionChannel | null = null,
    private readonly token: () => string = () => csrfToken(),
  ) {
    if (channel) channel.onmessage = () => void this.check().catch(() => undefined);
  }

  get user(): User | null {
    const state = this.state.get();
    return state.kind === "in" || state.kind === "expired" ? state.user : null;
  }

  /** First look at start-up; throws when the server cannot be reached. */
  async load(): Promise<void> {
    const user = await this.calls.current();
    this.verifiedToken = this.token();
    this.state.set(user ? { kind: "in", user } : { kind: "out" });
  }

  async signIn(username: string, password: string): Promise<void> {
    const user = await this.calls.signIn(username, password);
    this.welcome(user);
    this.channel?.postMessage("changed");
  }

  async signOut(): Promise<void> {
    await this.calls.signOut();
    this.state.set({ kind: "out" });
    this.failWaiters();
    this.channel?.postMessage("changed");
  }

  /** After a change of name or preferences. */
  replaceUser(user: User): void {
    const state = this.state.get();
    if (state.kind === "in") this.state.set({ kind: "in", user });
  }

  /** SignInGate: called by the HTTP client at a 401. */
  wait(signal?: AbortSignal): Promise<void> {
    const user = this.user;
    if (!user) {
      return Promise.reject(new AppError("signed_out", "Sign in to go on.", 401, "never"));
    }
    this.expire();
    return this.waitFor(user.id, signal);
  }

  /** Resolves when this very user is signed in; asks for it when nobody or another one is. */
  async waitFor(user: string, signal?: AbortSignal): Promise<void> {
    const state = this.state.get();
    if (state.kind === "in" && state.user.id === user) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { user, resolve, reject };
      this.waiters.add(waiter);
      signal?.addEventListener("abort", () => {
        this.waiters.delete(waiter);
        reject(new AppError("aborted", "This was cancelled.", 0, "never"));
      });
    });
  }

  /** The server said 401 for the user on screen. */
  expire(other: string | null = null): void {
    const state = this.state.get();
    if (state.kind === "in") this.state.set({ kind: "expired", user: state.user, other });
  }

  /**
   * Called before work is sent: when the CSRF cookie is another one than last time, somebody has
   * signed in since (in another tab), and the server is asked who it is.
   */
  async sureItIs(user: string): Promise<void> {
    if (this.token() !== this.verifiedToken) await this.check();
    const state = this.state.get();
    if (state.kind !== "in" || state.user.id !== user) {
      throw new AppError("signed_out", "Sign in to sync.", 401, "now");
    }
  }

  /** Asks the server who is signed in and follows it. */
  async check(): Promise<void> {
    const user = await this.calls.current();
    this.verifiedToken = this.token();
    const state = this.state.get();
    const mine = this.user;
    if (user && (!mine || mine.id === user.id)) this.welcome(user);
    else if (state.kind === "in") this.expire(user?.username ?? null);
    else if (state.kind === "expired") {
      this.state.set({ ...state, other: user?.username ?? null });
    }
  }

  private welcome(user: User): void {
    this.verifiedToken = this.token();
    this.state.set({ kind: "in", user });
    for (const waiter of [...this.waiters]) {
      this.waiters.delete(waiter);
      if (waiter.user === user.id) waiter.resolve();
      else waiter.reject(otherUser());
    }
  }

  private failWaiters(): void {
    for (const waiter of [...this.waiters]) {
      this.waiters.delete(waiter);
      waiter.reject(otherUser());
    }
  }
}
