/**
 * From the document to the journal and back: local diffs leave as operations, answers number the
 * records, other people's changes come in where nothing of mine is under way.
 */
import type { Diff, Origin } from "../document/diff";
import type { Document } from "../document/document";
import { operationsOf, type Effort, type OperationDraft } from "../document/operations";
import { reconcile } from "../document/reconcile";
import type { AnnotationRecord } from "../document/records";
import { uuid7 } from "../sync/ids";
import type { Operation, OperationResult, Sync } from "../sync/types";

export class Outbox {
  private readonly known = new Set<string>();
  private readonly unanswered = new Map<string, number>();
  private project = "";

  constructor(
    private readonly document: Document,
    private readonly sync: Pick<Sync, "journal">,
    private readonly effort: () => Effort,
    private readonly failed: (error: unknown) => void,
    private readonly answered: (operation: Operation, result: OperationResult) => void,
  ) {}

  /** Starts listening to the document and the journal; returns the function that stops it. */
  connect(): () => void {
    const leave = [
      this.document.subscribe((diff, origin) => this.changed(diff, origin)),
      this.sync.journal.onResult((operation, result) => this.result(operation, result)),
    ];
    return () => leave.forEach((stop) => stop());
  }

  /** Another image is open: these of its records the server knows, or will from the journal. */
  opened(project: string, records: readonly AnnotationRecord[], kept: readonly Operation[]): void {
    this.project = project;
    this.known.clear();
    for (const record of records) this.known.add(record.id);
    this.unanswered.clear();
    for (const { target } of kept) this.count(target, 1);
  }

  /** Appends an operation that does not come from a diff: verdicts, moves, comments. */
  append(draft: OperationDraft, effort: Partial<Effort> = {}): void {
    const operation: Operation = {
      id: uuid7(),
      ...draft,
      client_time: new Date().toISOString(),
      ...this.effort(),
      ...effort,
    };
    this.count(draft.target, 1);
    this.sync.journal.append(this.project, operation).catch(this.failed);
  }

  /** Whether changes of mine to this record still wait for the server's answer. */
  isMine = (id: string): boolean =>
    (this.unanswered.get(id) ?? 0) > 0 ||
    this.sync.journal.held.get().some((held) => held.target === id);

  incoming(records: readonly AnnotationRecord[], imageId: string): Diff {
    for (const record of records) if (record.image === imageId) this.known.add(record.id);
    return this.document.apply(reconcile(this.document, records, imageId, this.isMine), "remote");
  }

  private changed(diff: Diff, origin: Origin): void {
    if (origin !== "local") return;
    for (const draft of operationsOf(diff, (id) => this.known.has(id))) {
      this.known.add(draft.target);
      this.append(draft);
    }
  }

  private result(operation: Operation, result: OperationResult): void {
    this.count(operation.target, -1);
    const settled = !this.isMine(operation.target);
    const ok = result.status === "applied" || result.status === "duplicate";
    if (ok && settled && result.version !== undefined && operation.kind.startsWith("annotation.")) {
      this.document.renumber(operation.target, result.version);
    }
    this.answered(operation, result);
  }

  private count(target: string, by: number): void {
    const next = (this.unanswered.get(target) ?? 0) + by;
    if (next > 0) this.unanswered.set(target, next);
    else this.unanswered.delete(target);
  }
}
