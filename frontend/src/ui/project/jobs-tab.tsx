import { useState } from "react";
import { ClipboardList, Plus, Trash2 } from "lucide-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useSearch } from "wouter";

import { sync } from "../../sync";
import { atLeast, JOB_IMAGE_STATES, type Job, type Project } from "../../sync/api";
import { useJobs, useMe } from "../data";
import { jobProgress } from "../home/my-work";
import { Button, LinkButton } from "../kit/button";
import { Empty, ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { count, stateWord } from "../kit/words";
import { ImagesInState } from "./images-in-state";
import { ProposeButton, ProposingRuns } from "./propose-masks";
import { NewJob } from "./new-job";

export function JobsTab({ project }: { project: Project }) {
  const jobs = useJobs(project.id);
  const [making, setMaking] = useState(false);
  const rows = jobs.data ?? [];
  const asked = new URLSearchParams(useSearch()).get("state");
  const state = JOB_IMAGE_STATES.find((one) => one === asked);
  const manages = atLeast(project.role, "manager");
  const newJob = (
    <Button tone="primary" icon={Plus} data-testid="new-job" onClick={() => setMaking(true)}>
      New job
    </Button>
  );
  return (
    <>
      {rows.length > 0 && (
        <div className="page-head">
          <h1>Jobs</h1>
          {manages && newJob}
        </div>
      )}
      <ErrorNote
        error={jobs.error}
        what="The jobs could not be loaded."
        onRetry={() => void jobs.refetch()}
      />
      {jobs.isSuccess && rows.length === 0 && (
        <Empty icon={ClipboardList} {...(manages ? { action: newJob } : {})}>
          A job hands some images to one person. What they submit comes to review.
        </Empty>
      )}
      {manages && <ProposingRuns project={project.id} />}
      {rows.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th>Job</th>
              <th>Assignee</th>
              <th>Images by state</th>
              <th>Done</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {rows.map((job) => (
              <JobRow key={job.id} job={job} manages={manages} />
            ))}
          </tbody>
        </table>
      )}
      {state && <ImagesInState project={project} jobs={rows} state={state} />}
      {making && <NewJob project={project} onClose={() => setMaking(false)} />}
    </>
  );
}

function JobRow({ job, manages }: { job: Job; manages: boolean }) {
  const me = useMe();
  const { total, done } = jobProgress(job);
  const mine = job.assignee?.id === me.id;
  return (
    <tr data-testid="job-row">
      <td>
        <strong>{job.name}</strong>
        {job.instructions && <div className="muted clip job-about">{job.instructions}</div>}
      </td>
      <td>{job.assignee?.name ?? "nobody"}</td>
      <td>
        <span className="state-counts">
          {JOB_IMAGE_STATES.filter((state) => (job.counts?.[state] ?? 0) > 0).map((state) => (
            <Link
              key={state}
              href={`/projects/${job.project}/jobs?state=${state}`}
              className={`quiet-link state-count state-${state}`}
            >
              {count(job.counts?.[state] ?? 0)} {stateWord(state).toLowerCase()}
            </Link>
          ))}
        </span>
      </td>
      <td>
        <div className="job-done">
          <Bar done={done} total={total} tone="good" label={`${job.name}: done`} />
          <span className="muted dense">
            {count(done)} of {count(total)}
          </span>
        </div>
      </td>
      <td className="num">
        <span className="row row-end">
          {manages && <RemoveJob job={job} />}
          {manages && <ProposeButton project={job.project} job={job} />}
          <LinkButton href={`/jobs/${job.id}`} data-testid="job-open">
            {mine ? "Work on it" : "Open"}
          </LinkButton>
        </span>
      </td>
    </tr>
  );
}

/** Two presses instead of a dialog; the images and their objects stay. */
function RemoveJob({ job }: { job: Job }) {
  const [armed, setArmed] = useState(false);
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => sync.server.jobs.remove(job),
    onSettled: () => client.invalidateQueries({ queryKey: ["project", job.project] }),
  });
  if (!armed) {
    return (
      <Button
        tone="quiet"
        icon={Trash2}
        title="Delete this job; images and objects stay"
        aria-label={`Delete the job ${job.name}`}
        onClick={() => setArmed(true)}
      />
    );
  }
  return (
    <Button
      tone="danger"
      autoFocus
      busy={remove.isPending}
      onBlur={() => setArmed(false)}
      onClick={() => remove.mutate()}
    >
      {remove.error ? "Could not be deleted" : "Delete the job?"}
    </Button>
  );
}
