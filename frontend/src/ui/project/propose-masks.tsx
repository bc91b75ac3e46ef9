/** Has the workers look for objects ahead of time, and shows how far they are. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ScanSearch, X } from "lucide-react";

import { sync } from "../../sync";
import type { Run } from "../../sync/api";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { count, timeLeft } from "../kit/words";

const runsKey = (project: string) => ["project", project, "proposing"];

interface ProposeProps {
  project: string;
  /** Only this job's images. */
  job?: { id: string; name: string };
}

export function ProposeButton({ project, job }: ProposeProps) {
  const client = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      job ? sync.server.jobs.propose(job.id) : sync.server.projects.propose(project),
    onSettled: () => client.invalidateQueries({ queryKey: runsKey(project) }),
  });
  const title = job
    ? `Have the workers look for objects in the images of ${job.name}; A shows them in the editor`
    : "Have the workers look for objects in all images; A shows them in the editor";
  return (
    <>
      <Button
        icon={ScanSearch}
        {...(job ? { tone: "quiet", "aria-label": `Propose masks for ${job.name}` } : {})}
        busy={ask.isPending}
        title={title}
        data-testid="propose-masks"
        onClick={() => ask.mutate()}
      >
        {job ? null : "Propose masks"}
      </Button>
      <ErrorNote error={ask.error} what="The workers could not be asked." />
    </>
  );
}

/** What is under way of this kind, each with its progress and its end. */
export function ProposingRuns({ project }: { project: string }) {
  const runs = useQuery({
    queryKey: runsKey(project),
    queryFn: () => sync.server.runs.active(project, "propose_all"),
    refetchInterval: (query) => ((query.state.data?.length ?? 0) > 0 ? 1_000 : false),
  });
  if (!runs.data || runs.data.length === 0) return null;
  return (
    <ul className="plain-list run-list">
      {runs.data.map((run) => (
        <ProposingRun key={run.id} run={run} project={project} />
      ))}
    </ul>
  );
}

function ProposingRun({ run, project }: { run: Run; project: string }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => sync.server.runs.cancel(run.id),
    onSettled: () => client.invalidateQueries({ queryKey: runsKey(project) }),
  });
  const { done = 0, total = 0, message = "" } = run.progress ?? {};
  const left = timeLeft(secondsLeft(run, done, total));
  return (
    <li className="run-row" data-testid="proposing">
      <div className="grow">
        <strong>Propose masks</strong> <span className="muted">{message}</span>
        <ErrorNote error={cancel.error} />
      </div>
      <div className="work-progress">
        <Bar done={done} total={total} label="Images looked through" />
        <span className="muted dense">
          {run.state === "queued"
            ? "waits for a worker"
            : [`${count(done)} of ${count(total)}`, left].filter(Boolean).join(", ")}
        </span>
      </div>
      <Button
        icon={X}
        busy={cancel.isPending || run.cancelling === true}
        onClick={() => cancel.mutate()}
      >
        Cancel
      </Button>
    </li>
  );
}

/** From the pace so far; null before anything is done. */
function secondsLeft(run: Run, done: number, total: number): number | null {
  if (!run.started || done === 0) return null;
  const passed = (Date.now() - Date.parse(run.started)) / 1000;
  return (passed * (total - done)) / done;
}
