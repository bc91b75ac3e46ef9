import { useMutation, useQueryClient } from "@tanstack/react-query";

import { sync } from "../../sync";
import type { InstanceProject } from "../../sync/api";
import { Button } from "../kit/button";
import { ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { count } from "../kit/words";

/** Readiness by project, and the embeddings that lack asked for again. */
export function ProjectRows({ rows }: { rows: readonly InstanceProject[] }) {
  if (rows.length === 0) return null;
  return (
    <section className="stack stack-tight">
      <div className="page-head">
        <h2>Projects</h2>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th>Project</th>
            <th>Bundle</th>
            <th>Embeddings ready</th>
            <th className="num">Images</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <ProjectRow key={row.id} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function ProjectRow({ row }: { row: InstanceProject }) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => sync.server.instance.embedAgain(row.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["instance"] }),
  });
  return (
    <tr>
      <td>{row.name}</td>
      <td className="muted">{row.bundle ?? "none yet"}</td>
      <td>
        <Bar
          done={row.ready}
          total={row.images}
          {...(row.ready === row.images ? { tone: "good" as const } : {})}
          label={`${row.name}: embeddings ready`}
        />
        <ErrorNote error={again.error} />
      </td>
      <td className="num">
        {count(row.ready)} of {count(row.images)}
      </td>
      <td className="num">
        <Button
          busy={again.isPending}
          title="Ask for every embedding that is missing, those that failed included"
          onClick={() => again.mutate()}
        >
          {again.isSuccess ? "Asked for" : "Embed again"}
        </Button>
      </td>
    </tr>
  );
}
