import { Play } from "lucide-react";
import { Link } from "wouter";

import type { Job, Project } from "../../sync/api";
import { useJobs, useMe } from "../data";
import { jobProgress } from "../home/my-work";
import { LinkButton } from "../kit/button";
import { Bar } from "../kit/progress";
import { count, plural } from "../kit/words";

/** The job that waits for me here, the one with returned images first. */
export function useMyNextJob(project: Project): Job | undefined {
  const me = useMe();
  const mine = (useJobs(project.id).data ?? []).filter(
    (job) => job.assignee?.id === me.id && jobProgress(job).open > 0,
  );
  return mine.sort((a, b) => jobProgress(b).returned - jobProgress(a).returned)[0];
}

/** The one button of the overview: go and label. */
export function StartButton({ project }: { project: Project }) {
  const job = useMyNextJob(project);
  if (!job) return null;
  const { open, done } = jobProgress(job);
  return (
    <LinkButton tone="primary" icon={Play} href={`/jobs/${job.id}`} data-testid="start-labelling">
      {done === 0 ? `Start labelling: ${job.name}` : `Go on labelling, ${count(open)} left`}
    </LinkButton>
  );
}

/** Who is how far. */
export function WorkList({ project }: { project: Project }) {
  const jobs = (useJobs(project.id).data ?? []).filter((job) => jobProgress(job).total > 0);
  if (jobs.length === 0) return null;
  const shown = [...jobs].sort((a, b) => jobProgress(b).open - jobProgress(a).open).slice(0, 6);
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Jobs</h2>
        <Link className="muted quiet-link" href={`/projects/${project.id}/jobs`}>
          {plural(jobs.length, "job")}
        </Link>
      </div>
      <ul className="plain-list">
        {shown.map((job) => (
          <WorkLine key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}

function WorkLine({ job }: { job: Job }) {
  const { total, done, returned } = jobProgress(job);
  return (
    <li className="work-line">
      <span className="clip">
        {job.name} <span className="muted">· {job.assignee?.name ?? "nobody"}</span>
      </span>
      <Bar done={done} total={total} tone="good" label={`${job.name}: done`} />
      <span className="muted">
        {count(done)} of {count(total)}
        {returned > 0 && <span className="warn-word">, {count(returned)} returned</span>}
      </span>
    </li>
  );
}
