/** The editor's view of the server: the resource functions under the names it knows. */
import type { Api } from "./api";
import { allPages } from "./resources/page";
import type { Image } from "./resources/images";
import type { ByteCache } from "./prefetch";
import type { Changes, EditorApi } from "./types";

export function makeEditorApi(api: Api, cache: ByteCache): EditorApi {
  return {
    project: (id) => api.projects.get(id),
    labels: (project) => api.projects.labels(project),
    job: (id) => api.jobs.get(id),
    jobs: (project) => api.jobs.ofProject(project),
    jobImages: (job) => api.jobs.images(job),
    jobImage: (id) => api.jobs.image(id),
    images: async (project) => {
      const rows = await allPages<Image>(api.http, `projects/${project}/images`);
      return rows.filter((image) => image.embedding?.state === "ready");
    },
    image: (id) => api.images.get(id),
    annotations: (image) => api.annotations.ofImage(image),
    comments: (image) => api.annotations.comments(image),
    history: (annotation) => api.annotations.history(annotation),
    changes: (project, since): Promise<Changes> => api.annotations.changes(project, since),
    embedding: (image) => api.images.embedding(image),
    requestEmbedding: (image) => api.images.askEmbedding(image),
    bundle: (id) => api.images.bundle(id),
    proposals: (image) => api.images.proposals(image),
    requestProposals: (image) => api.images.askProposals(image),
    cancelRun: (run) => api.runs.cancel(run),
    // A copy, because the decoder's worker takes the bytes away with a transfer.
    bytes: async (url, options) => (await cache.get(url, options?.signal)).slice(0),
  };
}
