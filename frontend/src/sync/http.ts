/**
 * The one place that calls fetch. Adds the CSRF header, reads problem+json, and holds every request
 * that met a 401 until somebody has signed in again in the dialog; then it is sent once more.
 */
import { AppError, asAppError, errorFromAnswer, offlineError, type ProblemDetails } from "./errors";

export const API = "/api/v1";

export interface RequestOptions {
  body?: unknown;
  /** Version for If-Match. */
  version?: number;
  query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  signal?: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  /** The sign-in calls themselves must not wait for a sign-in. */
  anonymous?: boolean;
}

/** Opened by the first 401; `wait` resolves when the same person has signed in again. */
export interface SignInGate {
  wait(signal?: AbortSignal): Promise<void>;
}

export function csrfToken(cookies: string = document.cookie): string {
  const match = /(?:^|;\s*)csrftoken=([^;]*)/.exec(cookies);
  return match?.[1] ? decodeURIComponent(match[1]) : "";
}

export function withQuery(path: string, query: RequestOptions["query"]): string {
  if (!query) return path;
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parts.set(key, String(value));
  }
  const text = parts.toString();
  return text ? `${path}?${text}` : path;
}

async function problemOf(answer: Response): Promise<ProblemDetails | null> {
  const type = answer.headers.get("content-type") ?? "";
  if (!type.includes("json")) return null;
  try {
    const body: unknown = await answer.json();
    return typeof body === "object" && body !== null ? (body as ProblemDetails) : null;
  } catch {
    return null;
  }
}

export class Http {
  private gate: SignInGate | null = null;

  constructor(private readonly send: typeof fetch = (input, init) => fetch(input, init)) {}

  /** The session object installs itself here at start-up. */
  useGate(gate: SignInGate): void {
    this.gate = gate;
  }

  /** JSON in, JSON out; throws AppError. `null` for an empty answer. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const answer = await this.answer(method, path, options);
    if (answer.status === 204 || answer.headers.get("content-length") === "0") return null as T;
    try {
      return (await answer.json()) as T;
    } catch {
      throw new AppError(
        "bad_answer",
        "The answer of the server could not be read. Try again.",
        answer.status,
        "later",
      );
    }
  }

  async bytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const answer = await this.answer("GET", path, signal ? { signal } : {});
    try {
      return await answer.arrayBuffer();
    } catch (thrown) {
      throw thrown instanceof DOMException ? asAppError(thrown) : offlineError();
    }
  }

  /** Sends once; after a 401 waits at the gate and repeats. */
  async answer(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    for (let renewed = false; ;) {
      const answer = await this.once(method, path, options);
      if (answer.ok) return answer;
      const error = errorFromAnswer(
        answer.status,
        await problemOf(answer),
        answer.headers.get("retry-after"),
      );
      if (error.code === "csrf" && !renewed) {
        renewed = true;
        await this.once("GET", "session", {});
        continue;
      }
      if (error.status !== 401 || options.anonymous || !this.gate) throw error;
      await this.gate.wait(options.signal);
    }
  }

  private async once(method: string, path: string, options: RequestOptions): Promise<Response> {
    const url = withQuery(path.startsWith("/") ? path : `${API}/${path}`, options.query);
    const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
    if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
    if (options.version !== undefined) headers["If-Match"] = `"${options.version}"`;
    const init: RequestInit = { method, headers, credentials: "same-origin" };
    if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    if (options.signal) init.signal = options.signal;
    try {
      return await this.send(url, init);
    } catch (thrown) {
      if (options.signal?.aborted) throw asAppError(new DOMException("aborted", "AbortError"));
      if (thrown instanceof AppError) throw thrown;
      throw offlineError();
    }
  }
}
