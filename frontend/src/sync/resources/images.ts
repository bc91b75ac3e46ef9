import type { Http } from "../http";
import type { BundleRecord, EmbeddingRecord, ImageRecord, ProposalsRecord } from "../types";
import type { Page } from "./page";

/** An image as lists and pages outside the editor see it. */
export interface Image extends ImageRecord {
  position: number;
  sequence: string | null;
  split: string;
  metadata: Record<string, unknown>;
  attributes: Record<string, unknown>;
  created: string;
  deleted?: boolean;
}

export interface ImageFilter {
  folder?: string;
  search?: string;
}

export function images(http: Http) {
  return {
    list: (project: string, filter: ImageFilter, cursor: string | null, limit = 100) =>
      http.json<Page<Image>>("GET", `projects/${project}/images`, {
        query: { ...filter, cursor, limit },
      }),
    get: (id: string, signal?: AbortSignal) =>
      http.json<Image>("GET", `images/${id}`, signal ? { signal } : {}),
    remove: (image: Image) =>
      http.json<null>("DELETE", `images/${image.id}`, { version: image.version }),
    embedding: (id: string, signal?: AbortSignal) =>
      http.json<EmbeddingRecord>("GET", `images/${id}/embedding`, signal ? { signal } : {}),
    askEmbedding: (id: string) => http.json<EmbeddingRecord>("POST", `images/${id}/embedding`),
    proposals: (id: string) => http.json<ProposalsRecord>("GET", `images/${id}/proposals`),
    askProposals: (id: string) => http.json<ProposalsRecord>("POST", `images/${id}/proposals`),
    bundle: (id: string) => http.json<BundleRecord>("GET", `bundles/${id}`),
  };
}
