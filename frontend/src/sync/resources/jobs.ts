import type { Http } from "../http";
import type { JobImageRecord, JobImageState, JobRecord } from "../types";
import { allPages } from "./page";
import type { Image } from "./images";
import type { Run } from "./runs";

export const JOB_IMAGE_STATES: readonly JobImageState[] = [
  "new",
  "in_work",
  "submitted",
  "in_review",
  "returned",
  "accepted",
  "skipped",
];

export interface Job extends JobRecord {
  project_name?: string;
  created?: string;
  counts?: Partial<Record<JobImageState, number>>;
  deleted?: boolean;
}

export interface JobImage extends JobImageRecord {
  image: Image;
  /** Only in the review queue: why it stands where it stands. */
  reason?: string;
  deleted?: boolean;
}

export interface NewJob {
  name: string;
  assignee: string;
  reviewer?: string;
  instructions?: string;
  images?: string[];
  all_unassigned?: true;
  count?: number;
}

export function jobs(http: Http) {
  return {
    ofProject: (project: string) => allPages<Job>(http, `projects/${project}/jobs`),
    mine: () => allPages<Job>(http, "jobs", { mine: 1 }),
    get: (id: string) => http.json<Job>("GET", `jobs/${id}`),
    create: (project: string, body: NewJob) =>
      http.json<Job>("POST", `projects/${project}/jobs`, { body }),
    remove: (job: Job) => http.json<null>("DELETE", `jobs/${job.id}`, { version: job.version }),
    propose: (id: string) => http.json<Run>("POST", `jobs/${id}/proposals`),
    image: (id: string) => http.json<JobImage>("GET", `job-images/${id}`),
    images: (id: string) => allPages<JobImage>(http, `jobs/${id}/images`),
    reviewQueue: (project: string) => allPages<JobImage>(http, `projects/${project}/review-queue`),
  };
}
