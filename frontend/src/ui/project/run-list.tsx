import { useState } from "react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import { atLeast, type Project, type Run } from "../../sync/api";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { ago, count } from "../kit/words";

export const KINDS: Readonly<Record<string, string>> = {
  embed: "Make embeddings",
  embed_missing: "Look for missing embeddings",
  export: "Export",
  propose: "Propose masks",
  propose_all: "Propose masks",
  unpack: "Unpack a zip",
  import: "Import",
  train: "Train",
};

export function runReason(run: Run): string {
  if (typeof run.error === "string") return run.error;
  return run.error?.message ?? "";
}

function stateOf(run: Run, more: number): string {
  if (run.cancelling) return "is being cancelled";
  if (run.state === "queued") return more > 0 ? `${count(more + 1)} wait` : "waits";
  return run.state;
}

const isDead = (run: Run) => run.state === "failed" || run.state === "dead";

interface Group {
  run: Run;
  /** Further runs of the same kind in the same state, folded into this line. */
  more: number;
}

/** A thousand images are a thousand runs: alike ones that only wait take one line. */
export function folded(runs: readonly Run[]): Group[] {
  const groups: Group[] = [];
  for (const run of runs) {
    const alike = groups.find(
      (group) =>
        run.state === "queued" && group.run.state === "queued" && group.run.kind === run.kind,
    );
    if (alike) alike.more += 1;
    else groups.push({ run, more: 0 });
  }
  return groups;
}

/** Runs at work and runs that died with their reason; both can be acted on here. */
export function RunList({ runs, project }: { runs: readonly Run[]; project: Project }) {
  const [all, setAll] = useState(false);
  const recent = useQuery({
    queryKey: ["project", project.id, "runs"],
    queryFn: () => sync.server.runs.list(project.id),
  });
  const active = new Set(runs.map((run) => run.id));
  const dead = (recent.data?.results ?? []).filter((run) => isDead(run) && !active.has(run.id));
  const rows = folded([...runs, ...dead]);
  const shown = all ? rows : rows.slice(0, 8);
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Runs</h2>
        <span className="muted">
          {runs.length === 0 ? "nothing is running" : `${count(runs.length)} at work`}
        </span>
      </div>
      {shown.length > 0 && (
        <ul className="plain-list run-list">
          {shown.map(({ run, more }) => (
            <RunRow key={run.id} run={run} more={more} project={project} />
          ))}
        </ul>
      )}
      {rows.length > shown.length && (
        <div>
          <Button tone="quiet" onClick={() => setAll(true)}>
            Show {count(rows.length - shown.length)} more
          </Button>
        </div>
      )}
    </section>
  );
}

function RunRow({ run, more, project }: Group & { project: Project }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: () =>
      isDead(run) ? sync.server.runs.retry(run.id) : sync.server.runs.cancel(run.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["project", project.id] }),
  });
  const done = run.progress?.done ?? 0;
  const total = run.progress?.total ?? 0;
  const may = atLeast(project.role, "manager");
  return (
    <li className="run-row">
      <div className="grow">
        <strong>{KINDS[run.kind] ?? run.kind}</strong>{" "}
        <span className="muted">
          {isDead(run) ? `failed ${ago(run.finished)}` : stateOf(run, more)}
          {run.attempts > 1 && `, try ${run.attempts}`}
        </span>
        <p className={isDead(run) ? "bad-word" : "muted"}>
          {isDead(run) ? runReason(run) : (run.progress?.message ?? "")}
        </p>
        <ErrorNote error={act.error} />
      </div>
      {run.state === "running" && (
        <div className="work-progress">
          {total > 0 && <Bar done={done} total={total} label={`Progress of ${run.kind}`} />}
          <span className="muted dense">
            {total > 0
              ? `${count(done)} of ${count(total)}`
              : `since ${ago(run.started ?? run.created)}`}
          </span>
        </div>
      )}
      {may && more === 0 && (
        <Button busy={act.isPending} onClick={() => act.mutate()}>
          {isDead(run) ? "Try again" : "Cancel"}
        </Button>
      )}
    </li>
  );
}
