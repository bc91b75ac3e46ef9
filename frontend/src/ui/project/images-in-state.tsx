import { useQueries } from "@tanstack/react-query";
import { X } from "lucide-react";
import { Link } from "wouter";

import { sync } from "../../sync";
import type { Job, JobImageState, Project } from "../../sync/api";
import { LinkButton } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { plural, stateWord } from "../kit/words";

interface ImagesInStateProps {
  project: Project;
  jobs: readonly Job[];
  state: JobImageState;
}

/** The images behind a number of the overview. */
export function ImagesInState({ project, jobs, state }: ImagesInStateProps) {
  const concerned = jobs.filter((job) => (job.counts?.[state] ?? 0) > 0);
  const lists = useQueries({
    queries: concerned.map((job) => ({
      queryKey: ["project", project.id, "job-images", job.id],
      queryFn: () => sync.server.jobs.images(job.id),
    })),
  });
  const rows = lists.flatMap((list) => (list.data ?? []).filter((row) => row.state === state));
  const names = new Map(jobs.map((job) => [job.id, job.name]));
  return (
    <section className="stack">
      <div className="page-head">
        <h2>
          {plural(rows.length, "image")} {stateWord(state).toLowerCase()}
        </h2>
        <LinkButton tone="quiet" icon={X} href={`/projects/${project.id}/jobs`}>
          Show jobs only
        </LinkButton>
      </div>
      <ErrorNote error={lists.find((list) => list.error)?.error} />
      <div className="state-grid">
        {rows.map((row) => (
          <Link
            key={row.id}
            href={`/jobs/${row.job}/${row.image.id}`}
            title={row.note || row.image.name}
          >
            <img src={row.image.thumbnail_url} alt="" loading="lazy" />
            <span className="clip">{row.image.name}</span>
            <span className="muted dense clip">{row.note || names.get(row.job)}</span>
          </Link>
        ))}
      </div>
    </section>
  );
}
