import { useState } from "react";

import { useSignal } from "../data";
import { Button } from "../kit/button";
import { Bar } from "../kit/progress";
import { bytes, count, plural } from "../kit/words";
import { totals, type UploadItem, type UploadQueue } from "./upload-queue";

const WORDS: Readonly<Record<UploadItem["status"], string>> = {
  waiting: "waiting",
  sending: "sending",
  created: "stored",
  duplicate: "already here",
  unpacking: "unpacking",
  refused: "refused",
  stopped: "stopped",
};

const DOTS: Readonly<Record<UploadItem["status"], string>> = {
  waiting: "",
  sending: "dot-accent",
  created: "dot-good",
  duplicate: "dot-good",
  unpacking: "dot-accent",
  refused: "dot-bad",
  stopped: "",
};

/** Refused ones first, then what is on the way, then the newest. */
function inOrder(items: readonly UploadItem[]): UploadItem[] {
  const rank = {
    refused: 0,
    sending: 1,
    unpacking: 2,
    created: 3,
    duplicate: 3,
    waiting: 4,
    stopped: 5,
  };
  return [...items].sort((a, b) => rank[a.status] - rank[b.status] || b.id - a.id);
}

const SHOWN = 200;

export function UploadPanel({ queue }: { queue: UploadQueue }) {
  const items = useSignal(queue.items);
  const [open, setOpen] = useState(true);
  if (items.length === 0) return null;
  const sum = totals(items);
  const running = sum.finished < sum.files;
  return (
    <section className="uploads" aria-label="Uploads">
      <div className="row">
        <strong className="grow">
          {running
            ? `Uploading ${count(sum.finished)} of ${plural(sum.files, "file")}`
            : `${plural(sum.files - sum.refused, "file")} uploaded`}
          {sum.refused > 0 && <span className="bad-word">, {count(sum.refused)} refused</span>}
        </strong>
        {running && (
          <span className="muted">
            {bytes(sum.sent)} of {bytes(sum.bytes)}
          </span>
        )}
        <Button tone="quiet" onClick={() => setOpen(!open)} aria-expanded={open}>
          {open ? "Hide list" : "Show list"}
        </Button>
        {running ? (
          <Button onClick={() => queue.stop()}>Stop</Button>
        ) : (
          <Button tone="quiet" onClick={() => queue.clear()}>
            Clear
          </Button>
        )}
      </div>
      {running && <Bar done={sum.sent} total={sum.bytes} label="Upload" />}
      {open && (
        <ul className="upload-list">
          {inOrder(items)
            .slice(0, SHOWN)
            .map((item) => (
              <li key={item.id} data-testid="upload-result" data-status={item.status}>
                <span className={`dot ${DOTS[item.status]}`} />
                <span className="upload-name clip">
                  {item.folder && <span className="muted">{item.folder}/</span>}
                  {item.name}
                </span>
                <span className="muted clip grow">{item.message}</span>
                <span className={item.status === "refused" ? "bad-word" : "muted"}>
                  {item.status === "sending"
                    ? `${Math.round((100 * item.sent) / Math.max(1, item.size))} %`
                    : WORDS[item.status]}
                </span>
              </li>
            ))}
          {items.length > SHOWN && (
            <li className="muted">and {count(items.length - SHOWN)} more</li>
          )}
        </ul>
      )}
    </section>
  );
}
