import type { AnnotationRecord } from "../../document/records";
import type { Http } from "../http";
import type { Changes, CommentRecord, HistoryEntry, Operation, OperationResult } from "../types";
import { allPages } from "./page";

export interface BatchAnswer {
  results: OperationResult[];
  seq: number;
}

export function annotations(http: Http) {
  return {
    /** `seq` is the project's counter as of this answer: changes after it come by the feed. */
    ofImage: (image: string, layer = "main", signal?: AbortSignal) =>
      http.json<{ results: AnnotationRecord[]; seq: number }>(
        "GET",
        `images/${image}/annotations`,
        {
          query: { layer },
          ...(signal ? { signal } : {}),
        },
      ),
    comments: (image: string) => allPages<CommentRecord>(http, `images/${image}/comments`),
    history: async (annotation: string): Promise<HistoryEntry[]> =>
      (await http.json<{ results: HistoryEntry[] }>("GET", `annotations/${annotation}/history`))
        .results,
    changes: (project: string, since: number) =>
      http.json<Changes>("GET", `projects/${project}/changes`, { query: { since, limit: 500 } }),
    /** `user` guards against a cookie that another tab has exchanged. */
    sendOperations: (project: string, device: string, operations: Operation[], user: string) =>
      http.json<BatchAnswer>("POST", `projects/${project}/operations`, {
        body: { device, operations },
        headers: { "X-Samweb-User": user },
        anonymous: true,
      }),
  };
}
