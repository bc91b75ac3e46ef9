import { useEffect, useRef, useState } from "react";
import { ImagePlus } from "lucide-react";
import { Link } from "wouter";

import {
  atLeast,
  JOB_IMAGE_STATES,
  type JobImageState,
  type Overview,
  type Project,
} from "../../sync/api";
import { useOverview } from "../data";
import { LinkButton } from "../kit/button";
import { Empty, ErrorNote, Note } from "../kit/notes";
import { Bar } from "../kit/progress";
import { ago, count, plural, stateWord, timeLeft } from "../kit/words";
import { ImageStrip } from "./image-strip";
import { RunList } from "./run-list";
import { StartButton, WorkList } from "./work-list";

export function OverviewTab({ project }: { project: Project }) {
  const query = useOverview(project.id);
  const overview = query.data;
  if (!overview) {
    return (
      <ErrorNote
        error={query.error}
        what="The overview could not be loaded."
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (overview.images.total === 0) {
    return (
      <Empty
        icon={ImagePlus}
        {...(atLeast(project.role, "manager")
          ? {
              action: (
                <LinkButton tone="primary" href={`/projects/${project.id}/images`}>
                  Add images
                </LinkButton>
              ),
            }
          : {})}
      >
        This project has no images yet. Drop photographs, folders or zips on the Images page; they
        can be labelled as soon as their embeddings are made.
      </Empty>
    );
  }
  return (
    <>
      <WorkerNote overview={overview} />
      <Funnel project={project} overview={overview} />
      <ImageStrip project={project} total={overview.images.total} />
      <WorkList project={project} />
      <Readiness project={project} overview={overview} />
      <RunList runs={overview.runs_active} project={project} />
    </>
  );
}

function WorkerNote({ overview }: { overview: Overview }) {
  const { worker, runs_active, images } = overview;
  if (worker.alive) return null;
  const waits = runs_active.length > 0 || images.waiting > 0;
  return (
    <Note tone={waits ? "error" : "warn"}>
      {worker.seen_at
        ? `The worker was last seen ${ago(worker.seen_at)}.`
        : "No worker has been seen yet."}{" "}
      {waits
        ? "Embeddings and exports wait until one runs: start it with make run, or docker compose up worker."
        : "Nothing waits for it now."}
    </Note>
  );
}

const TONES: Readonly<Record<JobImageState | "free", string>> = {
  free: "var(--line-strong)",
  new: "#56708f",
  in_work: "#5b8cff",
  submitted: "#b08cff",
  in_review: "#d490d8",
  returned: "var(--warn)",
  accepted: "var(--good)",
  skipped: "var(--muted)",
};

interface FunnelProps {
  project: Project;
  overview: Overview;
}

/** Where the images stand, from not handed out to accepted. */
function Funnel({ project, overview }: FunnelProps) {
  const handedOut = JOB_IMAGE_STATES.reduce((n, state) => n + (overview.job_images[state] ?? 0), 0);
  const free = Math.max(0, overview.images.total - handedOut);
  const steps = [
    { key: "free" as const, word: "Not in a job", n: free, href: `/projects/${project.id}/images` },
    ...JOB_IMAGE_STATES.map((state) => ({
      key: state,
      word: stateWord(state),
      n: overview.job_images[state] ?? 0,
      href:
        state === "submitted" || state === "in_review"
          ? `/projects/${project.id}/review`
          : `/projects/${project.id}/jobs?state=${state}`,
    })),
  ];
  const total = Math.max(1, free + handedOut);
  return (
    <section className="stack">
      <div className="page-head">
        <h1>
          {plural(overview.images.total, "image")}, {plural(overview.annotations, "object")}
        </h1>
        <StartButton project={project} />
      </div>
      <div className="funnel" role="img" aria-label="Images by state">
        {steps
          .filter((step) => step.n > 0)
          .map((step) => (
            <span
              key={step.key}
              style={{ flexGrow: step.n / total, background: TONES[step.key] }}
              title={`${step.word}: ${step.n}`}
            />
          ))}
      </div>
      <ul className="funnel-legend">
        {steps.map((step) => (
          <li key={step.key}>
            <Link href={step.href}>
              <span className="dot" style={{ background: TONES[step.key] }} />
              <strong>{count(step.n)}</strong> <span className="muted">{step.word}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Seconds until all is ready, from the speed seen on this screen; null while it is unknown. */
function useTimeLeft(ready: number, waiting: number): number | null {
  const samples = useRef<{ at: number; ready: number }[]>([]);
  const [left, setLeft] = useState<number | null>(null);
  useEffect(() => {
    const now = Date.now();
    const kept = samples.current.filter((one) => now - one.at < 60_000 && one.ready <= ready);
    kept.push({ at: now, ready });
    samples.current = kept;
    const first = kept[0];
    const seconds = first ? (now - first.at) / 1000 : 0;
    const made = first ? ready - first.ready : 0;
    setLeft(made > 0 && seconds > 0 && waiting > 0 ? (waiting * seconds) / made : null);
  }, [ready, waiting]);
  return left;
}

function Readiness({ project, overview }: { project: Project; overview: Overview }) {
  const { total, ready, waiting, failed } = overview.images;
  const left = timeLeft(useTimeLeft(ready, waiting));
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Model readiness</h2>
        <span className="muted">
          embeddings {count(ready)} of {count(total)}
          {waiting > 0 && left && `, ${left}`}
        </span>
      </div>
      <Bar
        done={ready}
        total={total}
        {...(waiting === 0 && failed === 0 ? { tone: "good" as const } : {})}
        label="Embeddings ready"
      />
      {failed > 0 && (
        <p className="dialog-text">
          <span className="bad-word">{plural(failed, "image")} failed.</span>{" "}
          <Link className="link" href={`/projects/${project.id}/images`}>
            See which and try again
          </Link>
        </p>
      )}
    </section>
  );
}
