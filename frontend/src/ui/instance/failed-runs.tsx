import { useMutation, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import type { Instance } from "../../sync/api";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { ago } from "../kit/words";
import { KINDS, runReason } from "../project/run-list";

type FailedRun = Instance["runs_failed"][number];

/** The newest runs that ended without their result, each with its reason. */
export function FailedRuns({ runs }: { runs: readonly FailedRun[] }) {
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Failed runs</h2>
        {runs.length === 0 && <span className="muted">none</span>}
      </div>
      <ul className="plain-list run-list">
        {runs.map((run) => (
          <FailedRow key={run.id} run={run} />
        ))}
      </ul>
    </section>
  );
}

function FailedRow({ run }: { run: FailedRun }) {
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () => sync.server.runs.retry(run.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["instance"] }),
  });
  return (
    <li className="run-row">
      <div className="grow">
        <strong>{KINDS[run.kind] ?? run.kind}</strong>{" "}
        <span className="muted">
          {run.project_name ?? "no project"}, {run.state} {ago(run.finished)}
        </span>
        <p className="bad-word">{runReason(run)}</p>
        <ErrorNote error={retry.error} />
      </div>
      <Button busy={retry.isPending} onClick={() => retry.mutate()}>
        Try again
      </Button>
    </li>
  );
}
