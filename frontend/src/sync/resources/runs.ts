import type { Http } from "../http";
import { allPages } from "./page";

export type RunState = "queued" | "running" | "done" | "failed" | "cancelled" | "dead";

export interface Run {
  id: string;
  kind: string;
  lane: string;
  state: RunState;
  progress: { done?: number; total?: number; message?: string } | null;
  attempts: number;
  /** Somebody asked it to stop; it will at its next look. */
  cancelling?: boolean;
  error: string | { message?: string; code?: string } | null;
  result: unknown;
  created: string;
  started: string | null;
  finished: string | null;
}

export type ExportFormat = "coco" | "png";
export type ExportInclude = "accepted" | "submitted" | "all";

export interface Export {
  id: string;
  format: ExportFormat;
  include?: ExportInclude;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress: { done?: number; total?: number; message?: string } | number | null;
  file_name: string | null;
  bytes: number | null;
  sha256: string | null;
  snapshot_seq: number | null;
  report: Record<string, unknown> | null;
  url: string | null;
  run: string | null;
  created: string;
}

export function runs(http: Http) {
  return {
    active: (project: string, kind?: string) =>
      allPages<Run>(http, `projects/${project}/runs`, { active: 1, ...(kind ? { kind } : {}) }),
    list: (project: string) =>
      http.json<{ results: Run[] }>("GET", `projects/${project}/runs`, { query: { limit: 20 } }),
    get: (id: string) => http.json<Run>("GET", `runs/${id}`),
    cancel: (id: string) => http.json<Run>("POST", `runs/${id}/cancel`),
    retry: (id: string) => http.json<Run>("POST", `runs/${id}/retry`),
  };
}

export function exportsOf(http: Http) {
  return {
    list: (project: string) => allPages<Export>(http, `projects/${project}/exports`),
    get: (id: string) => http.json<Export>("GET", `exports/${id}`),
    start: (
      project: string,
      body: { format: ExportFormat; include: ExportInclude; labels?: string[] },
    ) => http.json<Export>("POST", `projects/${project}/exports`, { body }),
    remove: (id: string) => http.json<null>("DELETE", `exports/${id}`),
  };
}
