import type { Http } from "../http";
import type { Run } from "./runs";

export interface InstanceBundle {
  id: string;
  name: string;
  version: string;
  licence: string;
  /** Draws where a project has chosen none. */
  default: boolean;
  bytes: number;
  /** Of one image. */
  embedding_bytes: number;
  seen: string;
  projects: string[];
  embeddings: number;
  /** Bytes of all its embeddings. */
  disk: number;
}

export interface InstanceProject {
  id: string;
  name: string;
  bundle: string | null;
  images: number;
  ready: number;
}

export interface Instance {
  workers: {
    name: string;
    device: string;
    bundles: string[];
    started: string;
    seen: string;
    alive: boolean;
  }[];
  lanes: { lane: string; queued: number; running: number; oldest_queued: string | null }[];
  runs: Record<string, number>;
  bundles: InstanceBundle[];
  projects: InstanceProject[];
  disk: { embeddings: number; originals: number; free: number };
  runs_failed: (Run & { project_name: string | null })[];
}

export function instance(http: Http) {
  return {
    get: () => http.json<Instance>("GET", "instance"),
    embedAgain: (project: string) => http.json<Run>("POST", `projects/${project}/embeddings`),
  };
}
