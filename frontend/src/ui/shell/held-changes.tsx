import { Check, Download } from "lucide-react";
import { Link } from "wouter";

import { sync } from "../../sync";
import type { HeldTarget } from "../../sync/types";
import { useSignal } from "../data";
import { Button } from "../kit/button";
import { Dialog } from "../kit/dialog";
import { Empty } from "../kit/notes";
import { ago, plural } from "../kit/words";
import { BothOutlines } from "./both-outlines";
import { shell } from "./shell-state";

const NOUNS: Readonly<Record<string, string>> = {
  annotation: "object",
  verdict: "verdict",
  comment: "comment",
  job_image: "image of a job",
  label: "label",
  image: "image",
  job: "job",
};

function nounOf(held: HeldTarget): string {
  const kind = held.operations[0]?.kind.split(".")[0] ?? "";
  return NOUNS[kind] ?? "change";
}

function whoAndWhen(record: Record<string, unknown> | null): string | null {
  if (!record) return null;
  const updated = typeof record["updated"] === "string" ? ago(record["updated"]) : null;
  if (record["deleted"] === true)
    return `On the server it was deleted${updated ? `, ${updated}` : ""}.`;
  const version = typeof record["version"] === "number" ? `version ${record["version"]}` : null;
  return ["On the server:", version, updated].filter(Boolean).join(" ").concat(".");
}

/** The image it is about, as far as the record or my own change tells. */
function imageOf(held: HeldTarget): string | null {
  const said = held.record?.["image"] ?? held.operations[0]?.payload["image"];
  return typeof said === "string" ? said : null;
}

function Row({ held }: { held: HeldTarget }) {
  const first = held.operations[0];
  const theirs = whoAndWhen(held.record);
  const image = imageOf(held);
  return (
    <li className="held-row" data-testid="held-change">
      {image && (
        <Link
          href={`/projects/${held.project}/images/${image}`}
          title="Open the image"
          onClick={() => shell.held.set(false)}
        >
          <img src={`/api/v1/images/${image}/thumbnail`} alt="Open the image" />
        </Link>
      )}
      <div>
        <strong>
          {plural(held.operations.length, "change")} of one {nounOf(held)}
        </strong>
        <p>
          {held.message} {theirs}
          {first && <span className="muted"> Yours: {ago(first.client_time)}.</span>}
        </p>
        {image && held.status === "conflict" && <BothOutlines held={held} image={image} />}
      </div>
      <div className="row">
        {held.status === "conflict" ? (
          <>
            <Button onClick={() => void sync.journal.keepMine(held.target)}>Keep mine</Button>
            <Button onClick={() => void sync.journal.discard(held.project, held.target)}>
              Take theirs
            </Button>
          </>
        ) : (
          <>
            <Button onClick={() => void sync.journal.retry(held.target)}>Try again</Button>
            <Button
              tone="danger"
              onClick={() => void sync.journal.discard(held.project, held.target)}
            >
              Give up this change
            </Button>
          </>
        )}
      </div>
    </li>
  );
}

async function saveQueue(): Promise<void> {
  const blob = await sync.journal.download();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "samweb-unsent-changes.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Everything that waits: for a choice, or for the server. */
export function HeldChanges() {
  const state = useSignal(sync.journal.state);
  const held = useSignal(sync.journal.held);
  const pending = state.kind === "saved" ? 0 : state.pending;
  return (
    <Dialog title="Changes on the way" onClose={() => shell.held.set(false)}>
      {held.length === 0 && pending === 0 && (
        <Empty icon={Check}>Everything you did is saved on the server.</Empty>
      )}
      {held.length === 0 && pending > 0 && (
        <p className="dialog-text">
          {plural(pending, "change")} kept in this browser
          {state.kind === "offline" && "; the server is away and is tried again by itself"}
          {state.kind === "sign-in" && "; sign in to send them"}.
        </p>
      )}
      {held.length > 0 && (
        <ul className="plain-list">
          {held.map((one) => (
            <Row key={one.target} held={one} />
          ))}
        </ul>
      )}
      {pending > 0 && (
        <div className="row">
          {state.kind === "offline" && (
            <Button onClick={() => sync.journal.nudge()}>Try now</Button>
          )}
          <Button tone="quiet" icon={Download} onClick={() => void saveQueue()}>
            Save them as a file
          </Button>
        </div>
      )}
    </Dialog>
  );
}
