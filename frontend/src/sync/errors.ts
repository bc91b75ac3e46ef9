/**
 * Every failure that leaves this folder is an AppError: what happened, in one sentence a person can
 * act on, with the server's machine-readable code beside it.
 */
import { ApiFailure } from "./types";

export type Retry = "now" | "later" | "never";

export interface ProblemDetails {
  status?: number;
  code?: string;
  title?: string;
  detail?: string;
  [extra: string]: unknown;
}

export class AppError extends ApiFailure {
  override readonly name: string = "AppError";

  constructor(
    /** Machine-readable, e.g. `bad_credentials`, `offline`, `stale`. */
    code: string,
    /** A whole sentence for the screen. */
    readonly detail: string,
    /** HTTP status; 0 when no answer came. */
    status: number,
    readonly retry: Retry,
    /** Whatever else the server said, e.g. the current `record` of a 412. */
    extra: Record<string, unknown> = {},
    /** Seconds the server asked us to wait (Retry-After). */
    readonly retryAfter: number | null = null,
  ) {
    super(status, code, detail, extra);
  }
}

const SENTENCE_BY_STATUS: Readonly<Record<number, string>> = {
  400: "The server did not accept this request.",
  401: "You are signed out.",
  403: "Your role does not allow this.",
  404: "This does not exist, or you have no access to it.",
  409: "This was changed by somebody else meanwhile.",
  412: "This was changed by somebody else meanwhile.",
  413: "This is larger than the server accepts.",
  415: "The server does not take this kind of file.",
  429: "Too many tries. Wait a moment, then try again.",
  500: "The server failed on this. Your work is kept; try again.",
  502: "The server is not answering. Your work is kept.",
  503: "The server is busy. Your work is kept.",
  504: "The server took too long. Your work is kept.",
};

function retryFor(status: number): Retry {
  if (status === 429 || status >= 500) return "later";
  if (status === 401 || status === 408) return "now";
  return "never";
}

/** Field errors of the form `{"errors": {"name": ["..."]}}` become one sentence. */
function fieldSentence(problem: ProblemDetails): string | null {
  const fields = problem["errors"] ?? problem["fields"];
  if (typeof fields !== "object" || fields === null) return null;
  const parts: string[] = [];
  for (const [field, value] of Object.entries(fields)) {
    const text = Array.isArray(value) ? value.map(String).join(" ") : String(value);
    if (text && !text.startsWith("[object")) parts.push(`${field}: ${text}`);
  }
  return parts.length > 0 ? parts.join(" ") : null;
}

/** The AppError for one HTTP answer; `problem` is the parsed body or null when it was no JSON. */
export function errorFromAnswer(
  status: number,
  problem: ProblemDetails | null,
  retryAfter: string | null = null,
): AppError {
  const { code, detail, title, status: _status, type: _type, ...extra } = problem ?? {};
  const fields = problem ? fieldSentence(problem) : null;
  const said = typeof detail === "string" && detail.length > 0 ? detail : null;
  const sentence =
    (fields && said && !said.includes(fields) ? `${said} ${fields}` : (said ?? fields)) ??
    SENTENCE_BY_STATUS[status] ??
    (typeof title === "string" && title.length > 0 ? title : `The server answered ${status}.`);
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  return new AppError(
    typeof code === "string" && code.length > 0 ? code : `http_${status}`,
    sentence,
    status,
    retryFor(status),
    extra,
    Number.isFinite(seconds) && seconds >= 0 ? seconds : null,
  );
}

export function offlineError(): AppError {
  return new AppError(
    "offline",
    "The server cannot be reached. Check the network; it is tried again by itself.",
    0,
    "later",
  );
}

/** Turns anything thrown into an AppError, so that no screen ever shows "[object Object]". */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof DOMException && thrown.name === "AbortError") {
    return new AppError("aborted", "This was cancelled.", 0, "never");
  }
  const text = thrown instanceof Error && thrown.message ? thrown.message : "unknown cause";
  return new AppError(
    "unexpected",
    `Something unexpected happened in this page: ${text}.`,
    0,
    "never",
  );
}
