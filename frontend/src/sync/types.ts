/**
 * What the editor needs from the server side of the page. `sync/index.ts` exports one object
 * `sync: Sync`; nothing outside `sync/` uses fetch, WebSocket or IndexedDB.
 */
import type { AnnotationRecord, LabelRecord, PersonRef } from "../document/records";
import type { ReadSignal } from "../document/signal";

export type Role = "viewer" | "annotator" | "reviewer" | "manager" | "owner";

export interface UserRecord {
  id: string;
  username: string;
  display_name: string;
  is_admin: boolean;
  can_create_projects: boolean;
  preferences: Record<string, unknown>;
}

export interface ProjectRecord {
  id: string;
  name: string;
  description: string;
  role: Role;
  bundle: string | null;
  overlap_rule: "allowed" | "exclusive";
  self_review: boolean;
  seq: number;
  version: number;
}

export interface EmbeddingTensor {
  name: string;
  shape: number[];
  dtype: "float16" | "float32" | "int8";
  offset: number;
  bytes: number;
}

export type EmbeddingState = "ready" | "queued" | "running" | "failed";

/** Embedded in an image record; the full form (with tensors) comes from `api.embedding`. */
export interface EmbeddingRef {
  state: EmbeddingState;
  key: string;
  url: string;
  bundle: string;
  error?: string | null;
}

export interface EmbeddingRecord extends EmbeddingRef {
  tensors: EmbeddingTensor[];
  view: string;
}

export interface ImageRecord {
  id: string;
  project: string;
  name: string;
  folder: string;
  width: number;
  height: number;
  pixels_sha256: string;
  note: string;
  version: number;
  thumbnail_url: string;
  pixels_url: string;
  metadata?: Record<string, unknown>;
  embedding: EmbeddingRef | null;
}

export type JobImageState =
  "new" | "in_work" | "submitted" | "in_review" | "returned" | "accepted" | "skipped";

export interface JobImageRecord {
  id: string;
  job: string;
  image: ImageRecord;
  layer: string;
  state: JobImageState;
  position: number;
  version: number;
  nothing_to_label: boolean;
  note: string;
  objects: number;
}

export interface JobRecord {
  id: string;
  project: string;
  name: string;
  assignee: PersonRef | null;
  reviewer: PersonRef | null;
  instructions: string;
  version: number;
}

/** Manifest plus `files`; the manifest's own shape is known to decoder/ only. */
export type BundleRecord = Record<string, unknown> & {
  id: string;
  files: Record<string, { url: string; bytes: number; sha256: string }>;
};

export interface HistoryEntry {
  id: string;
  kind: string;
  seq: number;
  version: number;
  actor: PersonRef;
  client_time: string;
  received: string;
  tool: string;
  source: string;
  clicks: number;
  active_ms: number;
}

export interface CommentRecord {
  id: string;
  image: string;
  annotation: string | null;
  parent: string | null;
  x: number | null;
  y: number | null;
  text: string;
  resolved: boolean;
  author: PersonRef;
  created: string;
  version: number;
  deleted?: boolean;
}

export interface Changes {
  seq: number;
  more: boolean;
  annotations: AnnotationRecord[];
  comments: CommentRecord[];
  job_images: JobImageRecord[];
  labels: LabelRecord[];
}

/** What the editor calls. Every method rejects with an `ApiFailure`. */
/** Where an image's proposals stand; `url` names their file once they are ready. */
export interface ProposalsRecord {
  state: "none" | "queued" | "running" | "ready" | "failed";
  url: string | null;
  count: number | null;
  error: string | null;
  run: {
    id: string;
    progress: { done?: number; total?: number } | null;
    cancelling?: boolean;
  } | null;
}

export interface EditorApi {
  project(id: string): Promise<ProjectRecord>;
  labels(projectId: string): Promise<LabelRecord[]>;
  job(id: string): Promise<JobRecord>;
  jobs(projectId: string): Promise<JobRecord[]>;
  /** All rows, following the cursor. */
  jobImages(jobId: string): Promise<JobImageRecord[]>;
  jobImage(id: string): Promise<JobImageRecord>;
  /** All ready images of the project (the free editor's filmstrip), following the cursor. */
  images(projectId: string): Promise<ImageRecord[]>;
  image(id: string): Promise<ImageRecord>;
  annotations(imageId: string): Promise<{ results: AnnotationRecord[]; seq: number }>;
  comments(imageId: string): Promise<CommentRecord[]>;
  history(annotationId: string): Promise<HistoryEntry[]>;
  changes(projectId: string, since: number): Promise<Changes>;
  embedding(imageId: string): Promise<EmbeddingRecord>;
  /** Asks the server to make the embedding (again); idempotent. */
  requestEmbedding(imageId: string): Promise<EmbeddingRecord>;
  bundle(id: string): Promise<BundleRecord>;
  proposals(imageId: string): Promise<ProposalsRecord>;
  /** Has a worker look for objects in the image; idempotent. */
  requestProposals(imageId: string): Promise<ProposalsRecord>;
  cancelRun(runId: string): Promise<unknown>;
  /** Raw bytes of a same-origin address the API named: embeddings and bundle files. */
  bytes(url: string, options?: { signal?: AbortSignal }): Promise<ArrayBuffer>;
}

export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "ApiFailure";
  }
}

/** One durable edit, as it goes over the wire (contract: operations). */
export interface Operation {
  id: string;
  kind: string;
  target: string;
  base_version: number;
  payload: Record<string, unknown>;
  client_time: string;
  active_ms: number;
  clicks: number;
  tool: string;
  source: string;
}

export interface OperationResult {
  id: string;
  status: "applied" | "duplicate" | "conflict" | "rejected";
  seq?: number;
  version?: number;
  /** The server's current record, on a conflict. */
  record?: Record<string, unknown> | null;
  code?: string;
  message?: string;
}

export type SyncState =
  | { kind: "saved" }
  | { kind: "saving"; pending: number }
  | { kind: "offline"; pending: number }
  | { kind: "conflict"; pending: number }
  | { kind: "sign-in"; pending: number };

/** An object whose changes wait for a person: the server has another version, or said no. */
export interface HeldTarget {
  target: string;
  project: string;
  status: "conflict" | "refused";
  code: string;
  message: string;
  /** The server's current record, with a conflict. */
  record: Record<string, unknown> | null;
  /** My changes of it, oldest first. */
  operations: Operation[];
}

export interface Journal {
  readonly state: ReadSignal<SyncState>;
  /** Resolves when the operation is durable in the browser; sending follows in batches. */
  append(projectId: string, operation: Operation): Promise<void>;
  /** Operations kept but not yet answered, oldest first: replayed over a freshly loaded image. */
  pending(projectId: string): Promise<Operation[]>;
  /** One call per answered operation, after the journal has removed (or marked) it. */
  onResult(listener: (operation: Operation, result: OperationResult) => void): () => void;
  /** Drops what is kept of a conflicted or rejected target: the choice has been made. */
  discard(projectId: string, target: string): Promise<void>;
  /** What waits for a choice, also after a reload. */
  readonly held: ReadSignal<readonly HeldTarget[]>;
  /** The other choice: my state again, as new operations on the server's current version. */
  keepMine(target: string): Promise<void>;
  /** Sends refused operations of an object once more. */
  retry(target: string): Promise<void>;
  /** Everything kept, as a file to save: the last resort. */
  download(): Promise<Blob>;
}

export type LiveMessage =
  | { type: "seq"; seq: number }
  | { type: "run"; id: string; [key: string]: unknown }
  | { type: "presence"; [key: string]: unknown };

export interface Live {
  subscribe(projectId: string, listener: (message: LiveMessage) => void): () => void;
  presence(projectId: string, message: { image: string; annotation?: string }): void;
}

export interface Sync {
  readonly user: ReadSignal<UserRecord | null>;
  readonly api: EditorApi;
  readonly journal: Journal;
  readonly live: Live;
}
