/** What the pages read: one cache, keyed by project, refreshed when the live socket says so. */
import { useEffect, useSyncExternalStore } from "react";
import { QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";

import type { ReadSignal } from "../document/signal";
import { asAppError } from "../sync/errors";
import { sync } from "../sync";
import type { User } from "../sync/api";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < 2 && asAppError(error).retry === "later",
    },
    mutations: { retry: false },
  },
});

export function useSignal<T>(signal: ReadSignal<T>): T {
  return useSyncExternalStore(signal.subscribe, signal.get);
}

/** The signed-in user; only for screens below the sign-in. */
export function useMe(): User {
  const state = useSignal(sync.session.state);
  if (state.kind === "in" || state.kind === "expired") return state.user;
  throw new Error("this screen is shown to signed-in people only");
}

const { server } = sync;

export const useProjects = () =>
  useQuery({ queryKey: ["projects"], queryFn: () => server.projects.list() });

export const useProject = (id: string) =>
  useQuery({ queryKey: ["project", id], queryFn: () => server.projects.get(id) });

export const useOverview = (id: string) =>
  useQuery({
    queryKey: ["project", id, "overview"],
    queryFn: () => server.projects.overview(id),
    refetchInterval: (query) => (query.state.data && busy(query.state.data) ? 2_000 : 15_000),
  });

function busy(overview: { runs_active: unknown[]; images: { waiting: number } }): boolean {
  return overview.runs_active.length > 0 || overview.images.waiting > 0;
}

export const useLabels = (id: string) =>
  useQuery({ queryKey: ["project", id, "labels"], queryFn: () => server.projects.labels(id) });

export const useMembers = (id: string) =>
  useQuery({ queryKey: ["project", id, "members"], queryFn: () => server.projects.members(id) });

export const useJobs = (id: string) =>
  useQuery({ queryKey: ["project", id, "jobs"], queryFn: () => server.jobs.ofProject(id) });

export const useReviewQueue = (id: string) =>
  useQuery({ queryKey: ["project", id, "review"], queryFn: () => server.jobs.reviewQueue(id) });

export const useExports = (id: string) =>
  useQuery({
    queryKey: ["project", id, "exports"],
    queryFn: () => server.exports.list(id),
    refetchInterval: (query) =>
      query.state.data?.some((one) => one.state === "queued" || one.state === "running")
        ? 1_000
        : false,
  });

export const useMyJobs = () =>
  useQuery({ queryKey: ["my-jobs"], queryFn: () => server.jobs.mine() });

export const useJobImages = (job: string) =>
  useQuery({ queryKey: ["job", job, "images"], queryFn: () => server.jobs.images(job) });

/** Refreshes what is on screen when somebody or a worker changed the project. */
export function useLiveProject(project: string): void {
  const client = useQueryClient();
  useEffect(() => {
    let known = -1;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const refresh = () => {
      timer ??= setTimeout(() => {
        timer = null;
        void client.invalidateQueries({ queryKey: ["project", project] });
      }, 300);
    };
    const leave = sync.live.subscribe(project, (message) => {
      if (message.type === "seq") {
        const changed = known !== -1 && message.seq !== known;
        known = message.seq;
        if (changed) refresh();
      } else if (message.type === "run") refresh();
    });
    return () => {
      leave();
      if (timer) clearTimeout(timer);
    };
  }, [client, project]);
}
