import { CornerDownLeft, Play } from "lucide-react";

import type { Job } from "../../sync/api";
import { useJobImages, useMyJobs } from "../data";
import { LinkButton } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { count, plural } from "../kit/words";

export interface JobProgress {
  total: number;
  /** Left for the assignee to do. */
  open: number;
  returned: number;
  done: number;
}

export function jobProgress(job: Job): JobProgress {
  const of = (state: keyof NonNullable<Job["counts"]>) => job.counts?.[state] ?? 0;
  const total = Object.values(job.counts ?? {}).reduce((sum, n) => sum + n, 0);
  const returned = of("returned");
  const open = of("new") + of("in_work") + returned;
  return { total, open, returned, done: total - open };
}

/** Jobs assigned to me, and what came back with a comment. Not shown to people without jobs. */
export function MyWork() {
  const jobs = useMyJobs();
  const mine = jobs.data ?? [];
  if (jobs.error) {
    return <ErrorNote error={jobs.error} what="Your jobs could not be loaded." />;
  }
  const waiting = mine.filter((job) => jobProgress(job).open > 0);
  if (waiting.length === 0) return null;
  return (
    <section className="stack" aria-label="My work">
      <div className="page-head">
        <h1>My work</h1>
      </div>
      <ul className="plain-list work-list">
        {waiting.map((job) => (
          <WorkRow key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}

function WorkRow({ job }: { job: Job }) {
  const { total, open, returned, done } = jobProgress(job);
  return (
    <li>
      <div className="work-row">
        <div className="grow">
          <strong>{job.name}</strong>
          {job.project_name && <span className="muted"> · {job.project_name}</span>}
          {job.instructions && <p className="muted clip">{job.instructions}</p>}
        </div>
        <div className="work-progress">
          <Bar done={done} total={total} tone="good" label={`${job.name}: images done`} />
          <span className="muted dense">
            {count(done)} of {plural(total, "image")} done
          </span>
        </div>
        <LinkButton icon={Play} href={`/jobs/${job.id}`} data-testid="job-open">
          {done === 0 ? "Start" : `Continue, ${count(open)} left`}
        </LinkButton>
      </div>
      {returned > 0 && <Returned job={job} />}
    </li>
  );
}

function Returned({ job }: { job: Job }) {
  const images = useJobImages(job.id);
  const rows = (images.data ?? []).filter((row) => row.state === "returned");
  return (
    <ul className="plain-list returned-list">
      {rows.map((row) => (
        <li key={row.id}>
          <img src={row.image.thumbnail_url} alt="" loading="lazy" />
          <div className="grow">
            <span>{row.image.name}</span> <span className="warn-word">returned</span>
            <p>{row.note ? `“${row.note}”` : "No comment was left."}</p>
          </div>
          <LinkButton icon={CornerDownLeft} href={`/jobs/${job.id}/${row.image.id}`}>
            Fix it
          </LinkButton>
        </li>
      ))}
    </ul>
  );
}
