/**
 * Stage 8 of the flow (share): the socket only tells; rows always come by HTTP. One socket per
 * project and page, opened by the first subscriber and closed after the last. While the socket is
 * down the project's `seq` is polled instead.
 */
import type { Live, LiveMessage } from "./types";

type Listener = (message: LiveMessage) => void;

export interface LiveParts {
  open(url: string): WebSocket;
  /** The project's seq now, for polling and after a reconnect. */
  seq(project: string): Promise<number>;
  retryFirstMs?: number;
  retryMostMs?: number;
  pollMs?: number;
  random?: () => number;
}

const PRESENCE_EVERY_MS = 100;

export class LiveSockets implements Live {
  private rooms = new Map<string, Room>();

  constructor(private readonly parts: LiveParts) {}

  subscribe(project: string, listener: Listener): () => void {
    let room = this.rooms.get(project);
    if (!room) {
      room = new Room(project, this.parts);
      this.rooms.set(project, room);
    }
    const joined = room;
    joined.listeners.add(listener);
    return () => {
      joined.listeners.delete(listener);
      if (joined.listeners.size > 0) return;
      joined.close();
      if (this.rooms.get(project) === joined) this.rooms.delete(project);
    };
  }

  presence(
    project: string,
    message: { image: string; annotation?: string; cursor?: [number, number] },
  ): void {
    this.rooms.get(project)?.presence(message);
  }

  /** The network or the sign-in is back: do not wait for the timers. */
  nudge(): void {
    for (const room of this.rooms.values()) room.reconnectNow();
  }
}

class Room {
  readonly listeners = new Set<Listener>();
  private socket: WebSocket | null = null;
  private closed = false;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private poll: ReturnType<typeof setInterval>;
  private waiting: Record<string, unknown> | null = null;
  private throttle: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly project: string,
    private readonly parts: LiveParts,
  ) {
    this.connect();
    this.poll = setInterval(() => {
      if (this.socket?.readyState !== WebSocket.OPEN) void this.askSeq();
    }, parts.pollMs ?? 10_000);
  }

  reconnectNow(): void {
    this.failures = 0;
    if (this.socket === null && !this.closed) this.connect();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.poll);
    if (this.retry) clearTimeout(this.retry);
    if (this.throttle) clearTimeout(this.throttle);
    this.socket?.close();
    this.socket = null;
  }

  /** The latest position wins; at most ten messages a second. */
  presence(message: Record<string, unknown>): void {
    this.waiting = { type: "presence", ...message };
    this.throttle ??= setTimeout(() => {
      this.throttle = null;
      if (this.waiting && this.socket?.readyState === WebSocket.OPEN) {
        this.socket.send(JSON.stringify(this.waiting));
        this.waiting = null;
      }
    }, PRESENCE_EVERY_MS);
  }

  private connect(): void {
    if (this.retry) clearTimeout(this.retry);
    this.retry = null;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = this.parts.open(`${scheme}://${location.host}/ws/projects/${this.project}`);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      void this.askSeq();
    };
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = () => {
      if (this.socket === socket) this.socket = null;
      this.reconnectLater();
    };
  }

  private reconnectLater(): void {
    if (this.closed || this.retry) return;
    const most = this.parts.retryMostMs ?? 30_000;
    const grown = Math.min(most, (this.parts.retryFirstMs ?? 500) * 2 ** this.failures);
    this.failures += 1;
    const jittered = grown * (0.5 + (this.parts.random ?? Math.random)() / 2);
    this.retry = setTimeout(() => this.connect(), jittered);
  }

  /** What was told while nobody listened is in the project's seq. */
  private async askSeq(): Promise<void> {
    try {
      this.tell({ type: "seq", seq: await this.parts.seq(this.project) });
    } catch {
      // The next poll asks again; the sync state shows that the server is away.
    }
  }

  private hear(data: unknown): void {
    if (typeof data !== "string") return;
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof message === "object" && message !== null && "type" in message) {
      this.tell(message as LiveMessage);
    }
  }

  private tell(message: LiveMessage): void {
    if (this.closed) return;
    for (const listener of [...this.listeners]) listener(message);
  }
}
