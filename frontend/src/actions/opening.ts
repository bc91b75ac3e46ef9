/** The three ways into the editor: a job, a row of the review queue, an image by itself. */
import type { JobImageRecord } from "../sync/types";
import type { Editor } from "./editor";
import type { StripItem } from "./state";

const WAITING = new Set(["new", "in_work", "returned"]);
/** So many jobs are looked through for the states of images opened by themselves. */
const MOST_JOBS = 20;
const REVIEWED = new Set(["submitted", "in_review", "accepted", "returned"]);

export async function openJob(editor: Editor, jobId: string, imageId?: string): Promise<void> {
  if (editor.state.job.get()?.id !== jobId) {
    const [job, rows] = await Promise.all([
      editor.sync.api.job(jobId),
      editor.sync.api.jobImages(jobId),
    ]);
    editor.state.job.set(job);
    editor.state.strip.set(itemsOf(rows));
  }
  const strip = editor.state.strip.get();
  const first = strip.find((item) => WAITING.has(item.jobImage?.state ?? "")) ?? strip[0];
  const id = imageId ?? first?.image.id;
  if (!id) throw new Error("This job has no images.");
  await editor.open(id);
}

export async function openReview(editor: Editor, jobImageId: string): Promise<void> {
  let item = rowOf(editor, jobImageId);
  if (!item) {
    const row = await editor.sync.api.jobImage(jobImageId);
    const [job, rows] = await Promise.all([
      editor.sync.api.job(row.job),
      editor.sync.api.jobImages(row.job),
    ]);
    editor.state.job.set(job);
    editor.state.strip.set(
      itemsOf(rows.filter((r) => REVIEWED.has(r.state) || r.id === jobImageId)),
    );
    item = rowOf(editor, jobImageId);
  }
  if (!item) throw new Error("This image is no longer up for review.");
  await editor.open(item.image.id);
}

export async function openFree(editor: Editor, imageId: string): Promise<void> {
  const opened = editor.open(imageId);
  const record = await editor.sync.api.image(imageId);
  const known = editor.state.strip.get().some((item) => item.image.id === imageId);
  if (!known) {
    const images = await editor.sync.api.images(record.project);
    const all = images.some((image) => image.id === imageId) ? images : [record, ...images];
    editor.state.strip.set(all.map((image) => ({ image, jobImage: null })));
    void addStates(editor, record.project);
  }
  await opened;
}

/** In whose job an image is and how far: what is accepted is locked here too. */
async function addStates(editor: Editor, projectId: string): Promise<void> {
  const jobs = await editor.sync.api.jobs(projectId);
  for (const job of jobs.slice(0, MOST_JOBS)) {
    const rows = new Map(
      (await editor.sync.api.jobImages(job.id)).map((row) => [row.image.id, row]),
    );
    editor.state.strip.update((strip) =>
      strip.map((item) => ({ ...item, jobImage: rows.get(item.image.id) ?? item.jobImage })),
    );
  }
}

function rowOf(editor: Editor, jobImageId: string): StripItem | undefined {
  return editor.state.strip.get().find((item) => item.jobImage?.id === jobImageId);
}

function itemsOf(rows: readonly JobImageRecord[]): StripItem[] {
  return [...rows]
    .sort((a, b) => a.position - b.position)
    .map((row) => ({ image: row.image, jobImage: row }));
}
