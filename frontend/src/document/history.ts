/**
 * Undo and redo without limit within an image. Undo is a new change: the reversed diff is applied
 * as a local one, so it is saved and shared like any other. Remote changes never enter; an entry
 * whose record somebody else has changed since is skipped.
 */
import { reverse, type Diff } from "./diff";
import type { Document } from "./document";
import type { AnnotationRecord } from "./records";

export interface HistoryStep {
  applied: Diff | null;
  /** Records that another person changed meanwhile: left as they are. */
  skipped: AnnotationRecord[];
}

export class History {
  private done: Diff[] = [];
  private undone: Diff[] = [];
  private moving = false;

  constructor(private readonly document: Document) {
    document.subscribe((diff, origin) => {
      if (origin === "load") {
        this.done = [];
        this.undone = [];
      } else if (origin === "local" && !this.moving) {
        this.done.push(diff);
        this.undone = [];
      }
    });
  }

  canUndo = (): boolean => this.done.length > 0;
  canRedo = (): boolean => this.undone.length > 0;

  undo(): HistoryStep {
    return this.step(this.done, this.undone);
  }

  redo(): HistoryStep {
    return this.step(this.undone, this.done);
  }

  private step(from: Diff[], to: Diff[]): HistoryStep {
    const entry = from.pop();
    if (!entry) return { applied: null, skipped: [] };
    const { diff, skipped } = this.stillMine(reverse(entry));
    this.moving = true;
    try {
      const applied = this.document.apply(diff, "local");
      to.push(applied);
      return { applied, skipped };
    } finally {
      this.moving = false;
    }
  }

  /** Keeps the parts of a reversed diff whose record still looks as my change left it. */
  private stillMine(diff: Diff): { diff: Diff; skipped: AnnotationRecord[] } {
    const skipped: AnnotationRecord[] = [];
    const untouched = (left: AnnotationRecord) => {
      const current = this.document.get(left.id);
      const mine = current !== undefined && sameContent(current, left);
      if (!mine) skipped.push(left);
      return mine;
    };
    return {
      diff: {
        added: diff.added.filter((record) => !this.document.get(record.id)),
        updated: diff.updated.filter(([left]) => untouched(left)),
        removed: diff.removed.filter(untouched),
      },
      skipped,
    };
  }
}

/** Equal in what people edit; versions, verdicts and times do not count. */
export function sameContent(a: AnnotationRecord, b: AnnotationRecord): boolean {
  return (
    a.label === b.label &&
    a.mask.counts === b.mask.counts &&
    a.iscrowd === b.iscrowd &&
    a.order_key === b.order_key &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes)
  );
}
