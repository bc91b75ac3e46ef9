/** The instance admin's page: what computes here, with which models, and what it takes. */
import { useEffect } from "react";
import { useQuery } from "@tanstack/react-query";

import { sync } from "../../sync";
import type { Instance } from "../../sync/api";
import { useMe } from "../data";
import { ErrorNote, Note } from "../kit/notes";
import { ago, bytes, count, plural } from "../kit/words";
import { TopBar } from "../shell/top-bar";
import { FailedRuns } from "./failed-runs";
import { ProjectRows } from "./project-rows";

export function InstancePage() {
  const admin = useMe().is_admin;
  const query = useQuery({
    queryKey: ["instance"],
    queryFn: () => sync.server.instance.get(),
    refetchInterval: 5_000,
    enabled: admin,
  });
  useEffect(() => {
    document.title = "Models and workers · samweb";
  }, []);
  return (
    <div className="page">
      <TopBar>Models and workers</TopBar>
      <main className="page-body">
        {!admin && <Note tone="warn">Only the administrator of this installation sees this.</Note>}
        <ErrorNote
          error={query.error}
          what="The state of this installation could not be loaded."
          onRetry={() => void query.refetch()}
        />
        {query.data && <Sections instance={query.data} />}
      </main>
    </div>
  );
}

function Sections({ instance }: { instance: Instance }) {
  return (
    <>
      <Workers instance={instance} />
      <Bundles instance={instance} />
      <ProjectRows rows={instance.projects} />
      <FailedRuns runs={instance.runs_failed} />
    </>
  );
}

function Workers({ instance }: { instance: Instance }) {
  const alive = instance.workers.filter((worker) => worker.alive);
  const { disk } = instance;
  return (
    <section className="stack">
      <div className="page-head">
        <h1>{alive.length > 0 ? plural(alive.length, "worker") : "No worker runs"}</h1>
        <span className="muted">
          embeddings {bytes(disk.embeddings)}, originals {bytes(disk.originals)}, {bytes(disk.free)}{" "}
          of disk free
        </span>
      </div>
      {alive.length === 0 && (
        <Note tone="error">
          Embeddings and exports wait until one runs: start it with make run, or docker compose up
          worker.
        </Note>
      )}
      <div className="two two-top">
        <table className="table">
          <thead>
            <tr>
              <th>Worker</th>
              <th>Device</th>
              <th>Seen</th>
            </tr>
          </thead>
          <tbody>
            {instance.workers.map((worker) => (
              <tr key={worker.name}>
                <td>
                  <span className="state-word">
                    <span className={worker.alive ? "dot dot-good" : "dot dot-bad"} />
                    {worker.name}
                  </span>
                </td>
                <td>{worker.device}</td>
                <td className="muted">{ago(worker.seen)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <table className="table">
          <thead>
            <tr>
              <th>Lane</th>
              <th className="num">Waiting</th>
              <th className="num">Running</th>
              <th>Oldest waits since</th>
            </tr>
          </thead>
          <tbody>
            {instance.lanes.map((lane) => (
              <tr key={lane.lane}>
                <td>{lane.lane}</td>
                <td className="num">{count(lane.queued)}</td>
                <td className="num">{count(lane.running)}</td>
                <td className="muted">
                  {lane.oldest_queued ? ago(lane.oldest_queued) : "nothing waits"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="dialog-text muted">
        Runs kept:{" "}
        {Object.entries(instance.runs)
          .map(([state, n]) => `${count(n)} ${state}`)
          .join(", ") || "none"}
      </p>
    </section>
  );
}

function Bundles({ instance }: { instance: Instance }) {
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Model bundles</h2>
        <span className="muted">more with manage.py models pull</span>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th>Bundle</th>
            <th className="num">Size</th>
            <th className="num">An embedding</th>
            <th className="num">Embeddings</th>
            <th className="num">On disk</th>
            <th>Offered</th>
            <th>Draws in</th>
          </tr>
        </thead>
        <tbody>
          {instance.bundles.map((bundle) => (
            <tr key={bundle.id}>
              <td>
                {bundle.name} {bundle.version}{" "}
                <span className="mono muted">{bundle.id.slice(0, 8)}</span>
                {bundle.default && <span className="muted dense"> default</span>}
              </td>
              <td className="num">{bytes(bundle.bytes)}</td>
              <td className="num">{bytes(bundle.embedding_bytes)}</td>
              <td className="num">{count(bundle.embeddings)}</td>
              <td className="num">{bytes(bundle.disk)}</td>
              <td className="muted">{ago(bundle.seen)}</td>
              <td title={bundle.projects.join(", ")}>
                {plural(bundle.projects.length, "project")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
