/**
 * The server as typed functions, one file per resource below `resources/`.
 * Everything throws AppError and nothing else.
 */
import { Http } from "./http";
import { accounts } from "./resources/accounts";
import { annotations } from "./resources/annotations";
import { images } from "./resources/images";
import { instance } from "./resources/instance";
import { jobs } from "./resources/jobs";
import { projects } from "./resources/projects";
import { exportsOf, runs } from "./resources/runs";

export function makeApi(http: Http) {
  return {
    http,
    accounts: accounts(http),
    projects: projects(http),
    images: images(http),
    annotations: annotations(http),
    jobs: jobs(http),
    runs: runs(http),
    exports: exportsOf(http),
    instance: instance(http),
  };
}

export type Api = ReturnType<typeof makeApi>;

export { Http };
export { AppError, asAppError } from "./errors";
export type * from "./types";
export type { AnnotationRecord, PersonRef } from "../document/records";
export type * from "./resources/accounts";
export type * from "./resources/annotations";
export type * from "./resources/images";
export type * from "./resources/instance";
export type * from "./resources/jobs";
export type * from "./resources/page";
export type * from "./resources/projects";
export type * from "./resources/runs";
export { atLeast, ROLES } from "./resources/projects";
export { JOB_IMAGE_STATES } from "./resources/jobs";
