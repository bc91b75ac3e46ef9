/** Follows the run that unpacks an uploaded zip until it ends. */
import { AppError } from "./errors";
import type { Run } from "./resources/runs";

export interface Unpacked {
  created: number;
  duplicate: number;
  refused: number;
  /** The refused entries by name, the first thousand. */
  results: { name: string; message?: string }[];
}

export type FollowUnpacking = (
  run: string,
  onProgress: (words: string) => void,
) => Promise<Unpacked>;

function errorOf(run: Run): AppError {
  const said = typeof run.error === "string" ? run.error : run.error?.message;
  const words = run.state === "cancelled" ? "The unpacking was cancelled." : said;
  return new AppError("unpack", words || "The archive could not be unpacked.", 0, "never");
}

export function makeFollow(get: (run: string) => Promise<Run>, everyMs = 1500): FollowUnpacking {
  return async (id, onProgress) => {
    for (;;) {
      const run = await get(id);
      if (run.state === "done") return run.result as Unpacked;
      if (run.state !== "queued" && run.state !== "running") throw errorOf(run);
      const { done = 0, total = 0 } = run.progress ?? {};
      onProgress(total > 0 ? `${done} of ${total} unpacked` : "waits for a worker");
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
}
