import type { PostRules } from "../../masks/post";
import type { Http } from "../http";
import type { AttributeSchema } from "../../document/attributes";
import type { LabelRecord } from "../../document/records";
import type { JobImageState, ProjectRecord, Role } from "../types";
import { allPages } from "./page";
import type { Run } from "./runs";

export const ROLES: readonly Role[] = ["viewer", "annotator", "reviewer", "manager", "owner"];

/** Whether `role` is at least `wanted`. */
export function atLeast(role: Role | null | undefined, wanted: Role): boolean {
  return role ? ROLES.indexOf(role) >= ROLES.indexOf(wanted) : false;
}

export interface Project extends ProjectRecord {
  created: string;
  counts?: Partial<Record<"images" | "labelled" | "annotations" | "accepted", number>>;
}

export interface ProjectChanges {
  name?: string;
  description?: string;
  bundle?: string | null;
  overlap_rule?: "allowed" | "exclusive";
  self_review?: boolean;
}

export interface Overview {
  images: { total: number; ready: number; waiting: number; failed: number };
  job_images: Record<JobImageState, number>;
  annotations: number;
  runs_active: Run[];
  worker: { seen_at: string | null; alive: boolean };
  seq: number;
}

export interface Membership {
  id: string;
  user: { id: string; username?: string; display_name?: string; name?: string };
  role: Role;
  version?: number;
}

export type Label = LabelRecord;

export interface LabelFields {
  id?: string;
  name?: string;
  colour?: string;
  kind?: "thing" | "stuff";
  order?: number;
  hotkey?: string;
  attribute_schema?: AttributeSchema;
  post_rules?: PostRules;
}

export interface BundleRow {
  id: string;
  name: string;
  manifest?: unknown;
}

export function projects(http: Http) {
  return {
    list: () => allPages<Project>(http, "projects"),
    get: (id: string) => http.json<Project>("GET", `projects/${id}`),
    create: (body: { name: string; description?: string; labels?: LabelFields[] }) =>
      http.json<Project>("POST", "projects", { body }),
    change: (id: string, version: number, body: ProjectChanges) =>
      http.json<Project>("PATCH", `projects/${id}`, { body, version }),
    remove: (id: string, version: number) =>
      http.json<null>("DELETE", `projects/${id}`, { version }),
    propose: (id: string) => http.json<Run>("POST", `projects/${id}/proposals`),
    overview: (id: string) => http.json<Overview>("GET", `projects/${id}/overview`),
    members: (id: string) => allPages<Membership>(http, `projects/${id}/memberships`),
    addMember: (id: string, username: string, role: Role) =>
      http.json<Membership>("POST", `projects/${id}/memberships`, { body: { username, role } }),
    changeMember: (membership: Membership, role: Role) =>
      http.json<Membership>("PATCH", `memberships/${membership.id}`, {
        body: { role },
        ...(membership.version === undefined ? {} : { version: membership.version }),
      }),
    removeMember: (membership: Membership) =>
      http.json<null>("DELETE", `memberships/${membership.id}`, {
        ...(membership.version === undefined ? {} : { version: membership.version }),
      }),
    labels: (id: string) => allPages<Label>(http, `projects/${id}/labels`),
    createLabel: (id: string, body: LabelFields) =>
      http.json<Label>("POST", `projects/${id}/labels`, { body }),
    changeLabel: (label: Label, body: LabelFields) =>
      http.json<Label>("PATCH", `labels/${label.id}`, { body, version: label.version }),
    removeLabel: (label: Label) =>
      http.json<null>("DELETE", `labels/${label.id}`, { version: label.version }),
    bundles: () => allPages<BundleRow>(http, "bundles"),
  };
}
