/** One queue per project, alive as long as the page. */
import { sync } from "../../sync";
import { makeUpload } from "../../sync/upload";
import { makeFollow } from "../../sync/unpacking";
import { queries } from "../data";
import { UploadQueue } from "./upload-queue";

const queues = new Map<string, UploadQueue>();
const upload = makeUpload(sync.session);
const follow = makeFollow((run) => sync.server.runs.get(run));

export function uploadsOf(project: string): UploadQueue {
  let queue = queues.get(project);
  if (!queue) {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const refresh = () => {
      timer ??= setTimeout(() => {
        timer = null;
        void queries.invalidateQueries({ queryKey: ["project", project] });
        void queries.invalidateQueries({ queryKey: ["projects"] });
      }, 400);
    };
    queue = new UploadQueue(project, upload, refresh, follow);
    queues.set(project, queue);
  }
  return queue;
}
