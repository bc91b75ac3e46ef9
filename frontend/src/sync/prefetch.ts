/**
 * Bytes that never change (embeddings, decoder files), kept by address up to a limit, so that the
 * next image is already here. Concurrent asks for one address share one request.
 */
export type LoadBytes = (url: string, signal?: AbortSignal) => Promise<ArrayBuffer>;

interface Flight {
  bytes: Promise<ArrayBuffer>;
  abort: AbortController;
  waiters: number;
}

export class ByteCache {
  /** Oldest use first. */
  private kept = new Map<string, ArrayBuffer>();
  private flights = new Map<string, Flight>();
  private size = 0;

  constructor(
    private readonly load: LoadBytes,
    private readonly limit: number,
  ) {}

  has(url: string): boolean {
    return this.kept.has(url);
  }

  get bytes(): number {
    return this.size;
  }

  /** A copy is never made: do not write to or transfer the answer. */
  get(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const kept = this.kept.get(url);
    if (kept) {
      this.kept.delete(url);
      this.kept.set(url, kept);
      return Promise.resolve(kept);
    }
    const flight = this.flights.get(url) ?? this.start(url);
    flight.waiters += 1;
    if (!signal) return flight.bytes;
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(new DOMException("aborted", "AbortError"));
        flight.waiters -= 1;
        if (flight.waiters === 0) flight.abort.abort();
      };
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      flight.bytes.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  private start(url: string): Flight {
    const abort = new AbortController();
    const bytes = this.load(url, abort.signal).then(
      (loaded) => {
        this.flights.delete(url);
        this.keep(url, loaded);
        return loaded;
      },
      (error: unknown) => {
        this.flights.delete(url);
        throw error;
      },
    );
    bytes.catch(() => undefined);
    const flight = { bytes, abort, waiters: 0 };
    this.flights.set(url, flight);
    return flight;
  }

  private keep(url: string, loaded: ArrayBuffer): void {
    if (loaded.byteLength > this.limit) return;
    this.kept.set(url, loaded);
    this.size += loaded.byteLength;
    for (const [oldest, buffer] of this.kept) {
      if (this.size <= this.limit) break;
      this.kept.delete(oldest);
      this.size -= buffer.byteLength;
    }
  }
}
