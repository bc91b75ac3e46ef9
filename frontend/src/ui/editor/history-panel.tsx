/** The selected object: its verdict and everything that happened to it. */
import { useEffect, useState } from "react";

import { useSignal } from "../data";
import type { HistoryEntry } from "../../sync/types";
import { ago } from "../kit/words";
import { useAnnotations, useEditor } from "./context";
import { operationWords } from "./words";

export function HistoryPanel() {
  const editor = useEditor();
  const selected = useSignal(editor.state.selected);
  const annotation = useAnnotations().find((one) => one.id === selected);
  const [entries, setEntries] = useState<readonly HistoryEntry[] | null>(null);
  const version = annotation?.version;
  const verdict = annotation?.verdict;
  const pending = useSignal(editor.sync.journal.state);
  useEffect(() => {
    setEntries(null);
    if (!selected) return;
    let stale = false;
    // What is still on its way has no history on the server yet.
    editor.sync.api.history(selected).then(
      (found) => !stale && setEntries(found),
      () => !stale && setEntries([]),
    );
    return () => {
      stale = true;
    };
  }, [editor, selected, version, verdict, pending.kind]);
  return (
    <section className="side-part side-history" aria-label="Selected object">
      <h2 className="side-head">Selected object</h2>
      {!annotation && <p className="side-empty">Select an object to see its history.</p>}
      {annotation && (
        <div className="history-scroll">
          {verdict && (
            <p className={`verdict-line verdict-${verdict.verdict}`}>
              <strong>{verdict.verdict === "accepted" ? "Accepted" : "Rejected"}</strong>
              {verdict.reason && `: ${verdict.reason}`}
              {verdict.note && <span className="muted"> “{verdict.note}”</span>}
            </p>
          )}
          <dl className="facts">
            <dt>Area</dt>
            <dd>{annotation.mask.area.toLocaleString("en")} px</dd>
            <dt>Version</dt>
            <dd>{annotation.version}</dd>
          </dl>
          <ol className="history-list">
            {(entries ?? []).map((entry) => (
              <li key={entry.id}>
                <span className="grow clip">
                  {entry.actor?.name ?? "removed user"} {operationWords(entry.kind)}
                </span>
                <span className="muted">{ago(entry.received)}</span>
              </li>
            ))}
            {entries?.length === 0 && <li className="muted">Not on the server yet.</li>}
          </ol>
        </div>
      )}
    </section>
  );
}
