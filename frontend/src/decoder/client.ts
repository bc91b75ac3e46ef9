/**
 * The page's side of the decoder. Starts the worker, restarts it with one thread when a session
 * does not come up in time, and keeps at most one decode running and one waiting: a newer request
 * takes the waiting place of an older one, which then answers null.
 */
import { Signal, type ReadSignal } from "../document/signal";
import type { BrowserGraph, BundleManifest } from "./bundle";
import type { DecodeAnswer, DecodePrompt, RefineInput, Reply, Request } from "./protocol";
import type { PlacedTensor } from "./tensors";

export type DecoderState =
  { kind: "idle" } | { kind: "loading" } | { kind: "ready" } | { kind: "error"; message: string };

export interface DecoderStats {
  runs: number;
  /** Milliseconds of the last decode inside the worker. */
  lastMs: number;
}

export interface BundleGraphs {
  id: string;
  manifest: BundleManifest;
  graphs: Partial<Record<BrowserGraph, ArrayBuffer>>;
}

/** As much of a Worker as is needed here. */
export interface WorkerLike {
  postMessage(message: Request, transfer?: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

interface QueuedDecode {
  key: string;
  prompt: DecodePrompt;
  resolve(answer: DecodeAnswer | null): void;
  reject(error: Error): void;
}

// One "load" has to fetch and compile 14 MB of wasm as well; generous for a busy machine.
const LOAD_TIMEOUT_MS = 45_000;

type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

export class DecoderClient {
  private worker: WorkerLike | null = null;
  private waiting = new Map<number, Waiting>();
  private nextId = 1;
  private bundles = new Map<string, Promise<void>>();
  private embedded = new Map<string, Promise<void>>();
  private running = false;
  private queued: QueuedDecode | null = null;
  private readonly stateSignal = new Signal<DecoderState>({ kind: "idle" });
  private readonly statsSignal = new Signal<DecoderStats>({ runs: 0, lastMs: 0 });
  readonly state: ReadSignal<DecoderState> = this.stateSignal;
  readonly stats: ReadSignal<DecoderStats> = this.statsSignal;

  constructor(
    private readonly startWorker: (threads: number) => WorkerLike,
    private threads: number,
    private readonly loadTimeout = LOAD_TIMEOUT_MS,
  ) {}

  /** Starts the worker and its runtime before there is anything to load. */
  warmUp(): void {
    this.ensureWorker();
  }

  /** Loads a bundle's graphs once; a second call waits for the first. */
  load(bundle: BundleGraphs): Promise<void> {
    let loading = this.bundles.get(bundle.id);
    if (!loading) {
      loading = this.loadWithRetry(bundle);
      const mine = loading;
      this.bundles.set(bundle.id, mine);
      // A restart with one thread forgets what the first worker held: enter the result again.
      mine.then(
        () => this.bundles.set(bundle.id, mine),
        () => this.bundles.delete(bundle.id),
      );
    }
    return loading;
  }

  hasBundle = (id: string): boolean => this.bundles.has(id);
  hasEmbedding = (key: string): boolean => this.embedded.has(key);

  /** Hands an embedding's bytes over (they are transferred); its bundle must be loaded. */
  embed(bundle: string, key: string, tensors: PlacedTensor[], bytes: ArrayBuffer): Promise<void> {
    let done = this.embedded.get(key);
    if (!done) {
      done = this.ask({ type: "embed", bundle, key, tensors, bytes }, [bytes]).then((reply) => {
        if (reply.type === "embedded") for (const old of reply.evicted) this.embedded.delete(old);
      });
      this.embedded.set(key, done);
      done.catch(() => this.embedded.delete(key));
    }
    return done;
  }

  /** Latest wins: null when a newer request took this one's place before it was started. */
  decode(key: string, prompt: DecodePrompt): Promise<DecodeAnswer | null> {
    return new Promise((resolve, reject) => {
      this.queued?.resolve(null);
      this.queued = { key, prompt, resolve, reject };
      this.pump();
    });
  }

  /** For prompts that all want an answer, whatever else is asked meanwhile. */
  async decodeInTurn(key: string, prompt: DecodePrompt): Promise<DecodeAnswer | null> {
    const reply = await this.ask({ type: "decode", key, prompt });
    return reply.type === "decoded" ? reply.answer : null;
  }

  /** A second look at a decoded mask; waits its turn behind the decodes already asked for. */
  async refine(bundle: string, input: RefineInput): Promise<Float32Array> {
    const reply = await this.ask({ type: "refine", bundle, input });
    if (reply.type !== "refined") throw new Error("The decoder answered something else.");
    return reply.logits;
  }

  dispose(): void {
    this.stop(new Error("The decoder was closed."));
  }

  private pump(): void {
    if (this.running || !this.queued) return;
    const { key, prompt, resolve, reject } = this.queued;
    this.queued = null;
    this.running = true;
    this.ask({ type: "decode", key, prompt }).then(
      (reply) => {
        this.running = false;
        if (reply.type === "decoded") {
          const { runs } = this.statsSignal.get();
          this.statsSignal.set({ runs: runs + 1, lastMs: reply.answer.ms });
          resolve(reply.answer);
        } else resolve(null);
        this.pump();
      },
      (error: Error) => {
        this.running = false;
        reject(error);
        this.pump();
      },
    );
  }

  private async loadWithRetry(bundle: BundleGraphs): Promise<void> {
    this.stateSignal.set({ kind: "loading" });
    try {
      await this.loadOnce(bundle);
    } catch (error) {
      if (this.threads === 1) throw this.failed(error);
      this.stop(new Error("The decoder was restarted with one thread."));
      this.threads = 1;
      await this.loadOnce(bundle).catch((again: unknown) => {
        throw this.failed(again);
      });
    }
    this.stateSignal.set({ kind: "ready" });
  }

  private failed(error: unknown): Error {
    const failure = error instanceof Error ? error : new Error(String(error));
    this.stateSignal.set({ kind: "error", message: failure.message });
    return failure;
  }

  private loadOnce({ id, manifest, graphs }: BundleGraphs): Promise<unknown> {
    const loaded = this.ask({ type: "load", bundle: id, manifest, graphs });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error("The decoder did not start in time.")),
        this.loadTimeout,
      );
    });
    return Promise.race([loaded, late]).finally(() => clearTimeout(timer));
  }

  private ask(request: Unnumbered<Request>, transfer: Transferable[] = []): Promise<Reply> {
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.ensureWorker().postMessage({ ...request, id } as Request, transfer);
    });
  }

  private ensureWorker(): WorkerLike {
    if (this.worker) return this.worker;
    const worker = this.startWorker(this.threads);
    worker.onmessage = ({ data }) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.type === "failed") waiting?.reject(new Error(data.message));
      else waiting?.resolve(data);
    };
    worker.onerror = (event) => {
      const error = new Error(event.message || "The decoder's thread stopped.");
      this.stop(error);
      this.stateSignal.set({ kind: "error", message: error.message });
    };
    this.worker = worker;
    return worker;
  }

  /** Ends the worker; everything it held has to be handed over again. */
  private stop(reason: Error): void {
    this.worker?.terminate();
    this.worker = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    this.embedded.clear();
    this.bundles.clear();
    for (const { reject } of waiting) reject(reason);
  }
}

/** The real worker, and as many threads as help: on two cores a second one only gets in the way. */
export function startDecoder(): DecoderClient {
  const cores = navigator.hardwareConcurrency || 2;
  const threads = self.crossOriginIsolated && cores >= 4 ? Math.min(4, cores >> 1) : 1;
  return new DecoderClient(
    (count) =>
      new Worker(new URL("./decoder.worker.ts", import.meta.url), {
        type: "module",
        // Read by the worker as the number of threads, before its runtime starts.
        name: String(count),
      }) as unknown as WorkerLike,
    threads,
  );
}
