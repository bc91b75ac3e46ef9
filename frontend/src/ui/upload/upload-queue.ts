/**
 * Uploads of one project. They go on while other pages are open; a refused file keeps the server's
 * sentence and the others go on.
 */
import { Signal } from "../../document/signal";
import { asAppError } from "../../sync/errors";
import type { FollowUnpacking } from "../../sync/unpacking";
import type { Upload, UploadAnswer, UploadFile } from "../../sync/upload";

export type UploadStatus =
  "waiting" | "sending" | "created" | "duplicate" | "unpacking" | "refused" | "stopped";

export interface UploadItem {
  id: number;
  name: string;
  folder: string;
  size: number;
  sent: number;
  status: UploadStatus;
  /** Why it was refused, or what the server says about it ("first of 12 pages"). */
  message: string;
}

export interface UploadTotals {
  files: number;
  finished: number;
  refused: number;
  bytes: number;
  sent: number;
}

const AT_ONCE = 3;
const TRIES = 4;

interface Waiting {
  id: number;
  item: UploadFile;
}

export class UploadQueue {
  readonly items = new Signal<readonly UploadItem[]>([]);
  private waiting: Waiting[] = [];
  private active = 0;
  private nextId = 1;
  private stopper = new AbortController();

  constructor(
    private readonly project: string,
    private readonly upload: Upload,
    private readonly onStored: () => void,
    private readonly follow: FollowUnpacking,
    private readonly waitMs = 1000,
  ) {}

  add(files: readonly UploadFile[]): void {
    const fresh = files.map((item) => ({ id: this.nextId++, item }));
    this.waiting.push(...fresh);
    this.items.update((items) => [
      ...items,
      ...fresh.map(({ id, item }) => ({
        id,
        name: item.file.name,
        folder: item.folder,
        size: item.file.size,
        sent: 0,
        status: "waiting" as const,
        message: "",
      })),
    ]);
    this.pump();
  }

  /** Stops what is not sent yet; what is stored stays. */
  stop(): void {
    this.waiting = [];
    this.stopper.abort();
    this.stopper = new AbortController();
    this.items.update((items) =>
      items.map((item) =>
        isOpen(item) ? { ...item, status: "stopped", message: "Stopped." } : item,
      ),
    );
  }

  /** Takes the finished ones off the list. */
  clear(): void {
    this.items.update((items) => items.filter(isOpen));
  }

  private pump(): void {
    while (this.active < AT_ONCE) {
      const next = this.waiting.shift();
      if (!next) return;
      this.active += 1;
      void this.sendOne(next, this.stopper.signal).finally(() => {
        this.active -= 1;
        this.pump();
      });
    }
  }

  private async sendOne({ id, item }: Waiting, signal: AbortSignal): Promise<void> {
    this.change(id, { status: "sending" });
    for (let attempt = 1; ; attempt += 1) {
      try {
        const progress = (sent: number) =>
          this.change(id, { sent: Math.min(sent, item.file.size) });
        const answers = await this.upload(this.project, item, progress, signal);
        if (!signal.aborted) this.take(id, item, answers);
        return;
      } catch (thrown) {
        const error = asAppError(thrown);
        if (signal.aborted) return;
        if (error.retry !== "later" || attempt === TRIES) {
          this.change(id, { status: "refused", message: error.detail });
          return;
        }
        const wait = Math.max(this.waitMs * 2 ** (attempt - 1), (error.retryAfter ?? 0) * 1000);
        this.change(id, { message: `Trying again: ${error.detail}` });
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  private take(id: number, item: UploadFile, answers: readonly UploadAnswer[]): void {
    const refused = answers.filter((answer) => answer.status === "refused");
    const first = refused[0] ?? answers[0];
    const said = (answer: UploadAnswer) =>
      answer.message ?? answer.note ?? answer.image?.note ?? "";
    this.change(id, {
      sent: item.file.size,
      status: first?.status ?? "created",
      message: refused.length > 1 ? refused.map(said).join(" ") : first ? said(first) : "",
    });
    if (answers.some((answer) => answer.status !== "refused")) this.onStored();
    if (first?.status === "unpacking" && first.run) void this.unpack(id, item, first.run.id);
  }

  /** The zip's line tells how far it is; its refused entries get lines of their own. */
  private async unpack(id: number, { folder }: UploadFile, run: string): Promise<void> {
    try {
      const result = await this.follow(run, (message) => {
        this.change(id, { message });
        this.onStored();
      });
      const { created, duplicate, refused } = result;
      const words = [
        `${created} stored`,
        duplicate > 0 ? `${duplicate} already here` : "",
        refused > 0 ? `${refused} refused` : "",
      ];
      this.change(id, {
        status: created + duplicate > 0 ? "created" : "refused",
        message: words.filter(Boolean).join(", "),
      });
      this.addRefused(folder, result.results);
    } catch (thrown) {
      this.change(id, { status: "refused", message: asAppError(thrown).detail });
    }
    this.onStored();
  }

  private addRefused(folder: string, entries: readonly { name: string; message?: string }[]): void {
    const lines = entries.map(({ name, message = "" }) => ({
      id: this.nextId++,
      name,
      folder,
      size: 0,
      sent: 0,
      status: "refused" as const,
      message,
    }));
    this.items.update((items) => [...items, ...lines]);
  }

  private change(id: number, change: Partial<UploadItem>): void {
    this.items.update((items) =>
      items.map((item) => (item.id === id ? { ...item, ...change } : item)),
    );
  }
}

function isOpen(item: UploadItem): boolean {
  return item.status === "waiting" || item.status === "sending";
}

export function totals(items: readonly UploadItem[]): UploadTotals {
  const sum: UploadTotals = { files: items.length, finished: 0, refused: 0, bytes: 0, sent: 0 };
  for (const item of items) {
    sum.bytes += item.size;
    sum.sent += isOpen(item) ? item.sent : item.size;
    if (!isOpen(item)) sum.finished += 1;
    if (item.status === "refused") sum.refused += 1;
  }
  return sum;
}
