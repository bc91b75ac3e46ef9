/** The annotations of the open image. `apply` is the only way to change them. */
import { isEmpty, type Diff, type Origin } from "./diff";
import type { AnnotationRecord } from "./records";

export type DocumentListener = (diff: Diff, origin: Origin) => void;

export class Document {
  private records = new Map<string, AnnotationRecord>();
  /** Versions of removed records: a restore goes on counting where the deletion stopped. */
  private graves = new Map<string, number>();
  private listeners = new Set<DocumentListener>();
  private order: readonly AnnotationRecord[] = [];

  /** In order of creation (ids are UUIDv7), the newest last and on top. */
  list = (): readonly AnnotationRecord[] => this.order;

  get(id: string): AnnotationRecord | undefined {
    return this.records.get(id);
  }

  /** Applies a change and tells everybody what really changed (versions filled in). */
  apply(diff: Diff, origin: Origin): Diff {
    const done: Diff = { added: [], updated: [], removed: [] };
    for (const record of diff.removed) {
      const current = this.records.get(record.id);
      if (!current) continue;
      this.records.delete(record.id);
      this.graves.set(record.id, origin === "local" ? current.version + 1 : record.version);
      done.removed.push(current);
    }
    for (const record of diff.added) {
      if (this.records.has(record.id)) continue;
      const grave = this.graves.get(record.id);
      const version = origin === "local" ? (grave === undefined ? 1 : grave + 1) : record.version;
      this.graves.delete(record.id);
      this.put({ ...record, version, deleted: false }, done.added);
    }
    for (const [, after] of diff.updated) {
      const current = this.records.get(after.id);
      if (!current) continue;
      const version = origin === "local" ? current.version + 1 : after.version;
      const next = { ...after, version };
      this.records.set(after.id, next);
      done.updated.push([current, next]);
    }
    if (isEmpty(done)) return done;
    this.order = [...this.records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const listener of [...this.listeners]) listener(done, origin);
    return done;
  }

  /** Replaces everything: another image was opened. */
  load(records: readonly AnnotationRecord[]): void {
    this.graves.clear();
    this.apply({ added: [], updated: [], removed: [...this.records.values()] }, "load");
    this.graves.clear();
    this.apply({ added: [...records], updated: [], removed: [] }, "load");
  }

  /** The version a removed record had reached, for operations that bring it back. */
  graveVersion(id: string): number | undefined {
    return this.graves.get(id);
  }

  /** The server numbered a change differently than foreseen (it counts, we only guess). */
  renumber(id: string, version: number): void {
    const record = this.records.get(id);
    if (record) this.records.set(id, { ...record, version });
    else if (this.graves.has(id)) this.graves.set(id, version);
    this.order = this.order.map((r) => (r.id === id ? { ...r, version } : r));
  }

  subscribe(listener: DocumentListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(record: AnnotationRecord, done: AnnotationRecord[]): void {
    this.records.set(record.id, record);
    done.push(record);
  }
}
