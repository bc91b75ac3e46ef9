/** The selected object: its verdict and everything that happened to it. */
import { useEffect, useState } from "react";

import { chosenOf } from "../../actions/selection";
import { attributesOf } from "../../document/attributes";
import type { AnnotationRecord } from "../../document/records";
import type { HistoryEntry } from "../../sync/types";
import { useSignal } from "../data";
import { ago } from "../kit/words";
import { AttributePanel } from "./attribute-panel";
import { ChosenPanel } from "./chosen-panel";
import { useAnnotations, useEditor } from "./context";
import { MaskPanel } from "./mask-panel";
import { operationWords } from "./words";

export function HistoryPanel() {
  const editor = useEditor();
  const selected = useSignal(editor.state.selected);
  const annotation = useAnnotations().find((one) => one.id === selected);
  useSignal(editor.state.chosen);
  const chosen = chosenOf(editor);
  const asks = useSignal(editor.state.labels).some((label) => attributesOf(label).length > 0);
  return (
    <section className="side-part side-history" aria-label="Selected object" data-asks={asks}>
      <h2 className="side-head">{chosen.length > 1 ? "Selected objects" : "Selected object"}</h2>
      {chosen.length > 1 ? (
        <ChosenPanel chosen={chosen} />
      ) : annotation ? (
        <ObjectFacts key={annotation.id} annotation={annotation} />
      ) : (
        <p className="side-empty">Select an object to see its history.</p>
      )}
    </section>
  );
}

function ObjectFacts({ annotation }: { annotation: AnnotationRecord }) {
  const { sync } = useEditor();
  const [entries, setEntries] = useState<readonly HistoryEntry[] | null>(null);
  const syncing = useSignal(sync.journal.state).kind;
  const { id, version, verdict, mask } = annotation;
  useEffect(() => {
    let stale = false;
    // What is still on its way has no history on the server yet.
    sync.api.history(id).then(
      (found) => !stale && setEntries(found),
      () => !stale && setEntries([]),
    );
    return () => {
      stale = true;
    };
  }, [sync, id, version, verdict, syncing]);
  return (
    <div className="history-scroll">
      {verdict && (
        <p className={`verdict-line verdict-${verdict.verdict}`}>
          <strong>{verdict.verdict === "accepted" ? "Accepted" : "Rejected"}</strong>
          {verdict.reason && `: ${verdict.reason}`}
          {verdict.note && <span className="muted"> “{verdict.note}”</span>}
        </p>
      )}
      <MaskPanel annotation={annotation} />
      <AttributePanel annotation={annotation} />
      <dl className="facts">
        <dt>Area</dt>
        <dd>{mask.area.toLocaleString("en")} px</dd>
        <dt>Version</dt>
        <dd>{version}</dd>
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
  );
}
