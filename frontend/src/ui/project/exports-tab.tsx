import { useState } from "react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, PackageOpen } from "lucide-react";

import { sync } from "../../sync";
import type { Export, ExportFormat, ExportInclude, Project } from "../../sync/api";
import { useExports } from "../data";
import { Button, LinkButton } from "../kit/button";
import { Choice } from "../kit/field";
import { Empty, ErrorNote } from "../kit/notes";
import { Bar } from "../kit/progress";
import { ago, bytes, count } from "../kit/words";
import { Report } from "./export-report";

const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["coco", "COCO instances (RLE and polygons)"],
  ["png", "PNG masks"],
];
const INCLUDES: readonly (readonly [ExportInclude, string])[] = [
  ["accepted", "Accepted images"],
  ["submitted", "Accepted and submitted"],
  ["all", "Everything"],
];

export function ExportsTab({ project }: { project: Project }) {
  const list = useExports(project.id);
  const [format, setFormat] = useState<ExportFormat>("coco");
  const [include, setInclude] = useState<ExportInclude>("accepted");
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: () => sync.server.exports.start(project.id, { format, include }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["project", project.id, "exports"] }),
  });
  const rows = [...(list.data ?? [])].sort((a, b) => b.created.localeCompare(a.created));
  return (
    <>
      <div className="export-form">
        <Choice label="Format" value={format} options={FORMATS} onChange={setFormat} />
        <Choice label="Images" value={include} options={INCLUDES} onChange={setInclude} />
        <Button
          tone="primary"
          busy={start.isPending}
          data-testid="export-start"
          onClick={() => start.mutate()}
        >
          Start export
        </Button>
      </div>
      <ErrorNote error={start.error} what="The export was not started." />
      <ErrorNote
        error={list.error}
        what="The exports could not be loaded."
        onRetry={() => void list.refetch()}
      />
      {list.isSuccess && rows.length === 0 && (
        <Empty icon={PackageOpen}>
          An export is made by a worker from one moment&rsquo;s state, read back and compared before
          you get it. It goes on when this page is closed.
        </Empty>
      )}
      <ul className="plain-list export-list">
        {rows.map((one) => (
          <ExportRow key={one.id} row={one} project={project.id} />
        ))}
      </ul>
    </>
  );
}

interface Progress {
  done: number;
  total: number;
  message: string;
}

function progressOf(row: Export): Progress {
  if (typeof row.progress === "number") return { done: row.progress, total: 1, message: "" };
  const { done = 0, total = 0, message = "" } = row.progress ?? {};
  return { done, total, message };
}

function useExportActs(row: Export, project: string) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: ["project", project, "exports"] });
  const { cancel: stop, retry } = sync.server.runs;
  const cancel = useMutation({
    mutationFn: async () => (row.run ? stop(row.run) : null),
    onSettled,
  });
  const again = useMutation({
    mutationFn: async () => (row.run ? retry(row.run) : null),
    onSettled,
  });
  return { cancel, again };
}

function ExportRow({ row, project }: { row: Export; project: string }) {
  const { cancel, again } = useExportActs(row, project);
  const format = FORMATS.find(([key]) => key === row.format)?.[1] ?? row.format;
  return (
    <li className="export-row" data-testid="export-row" data-state={row.state}>
      <div className="row">
        <span className="grow">
          <strong>{row.file_name || format}</strong>{" "}
          <span className="muted">
            {INCLUDES.find(([key]) => key === row.include)?.[1].toLowerCase()} {ago(row.created)}
          </span>
        </span>
        {(row.state === "queued" || row.state === "running") && (
          <>
            <ExportProgress row={row} />
            <Button busy={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
          </>
        )}
        {row.state === "cancelled" && <span className="muted">cancelled</span>}
        {row.state === "failed" && (
          <Button busy={again.isPending} onClick={() => again.mutate()}>
            Try again
          </Button>
        )}
        {row.state === "done" && <ExportFile row={row} />}
      </div>
      {row.state === "failed" && <p className="bad-word">{failureOf(row)}</p>}
      {row.sha256 && (
        <p className="muted clip">
          sha256 <span className="mono">{row.sha256}</span>
        </p>
      )}
      <Report report={row.report} />
      <ErrorNote error={cancel.error ?? again.error} />
    </li>
  );
}

function ExportProgress({ row }: { row: Export }) {
  const { done, total, message } = progressOf(row);
  return (
    <span className="work-progress">
      <Bar done={done} total={total} label="Progress of the export" />
      <span className="muted dense clip">
        {message || (total > 0 ? `${count(done)} of ${count(total)}` : row.state)}
      </span>
    </span>
  );
}

function ExportFile({ row }: { row: Export }) {
  return (
    <>
      {row.bytes !== null && <span className="muted">{bytes(row.bytes)}</span>}
      <LinkButton
        icon={Download}
        file
        href={row.url ?? `/api/v1/exports/${row.id}/file`}
        data-testid="export-download"
      >
        Download
      </LinkButton>
    </>
  );
}

function failureOf(row: Export): string {
  const said = row.report?.["error"];
  return typeof said === "string"
    ? said
    : "The export failed. Try again; the reason is in the runs of the overview.";
}
