/**
 * The proposals of the open image: fetched, asked for where there are none, filtered, taken.
 * Nothing remembers what was taken: what looks like an object is not offered, so undo offers it
 * again.
 */
import { withRules } from "../document/painted";
import {
  LIKELY_PROPOSALS,
  offered,
  readProposals,
  recipeOfProposal,
  type Proposal,
  type ProposalFilter,
  type ProposalSet,
} from "../document/proposals";
import { maskOf, type AnnotationRecord } from "../document/records";
import { Signal } from "../document/signal";
import { runsOf } from "../masks/decoded";
import { areaOf, type Runs } from "../masks/rle";
import { combineRuns } from "../masks/sets";
import type { ImageRecord, ProposalsRecord } from "../sync/types";
import { labelOf } from "./attributes";
import { wordsOf, type Editor } from "./editor";
import { newRecord } from "./objects";
import { onFreePixels, onlyEmpty } from "./overlap";

export type ProposalState =
  | { kind: "closed" }
  | { kind: "loading" }
  | {
      kind: "running";
      run: string | null;
      done: number;
      total: number;
      /** Seconds, once the pace is known. */
      left: number | null;
      cancelling: boolean;
    }
  | { kind: "ready"; set: ProposalSet }
  | { kind: "none"; message: string }
  | { kind: "failed"; message: string };

const POLL_MS = 500;

export class Proposals {
  readonly state = new Signal<ProposalState>({ kind: "closed" });
  readonly filter = new Signal<ProposalFilter>(LIKELY_PROPOSALS);
  /** What is shown, the largest first. */
  readonly offered = new Signal<readonly Proposal[]>([]);
  /** Under the pointer, or touched by the drag. */
  readonly lit = new Signal<ReadonlySet<number>>(new Set());
  private turn = 0;

  constructor(private readonly editor: Editor) {
    const again = () => this.offer();
    this.state.subscribe(again);
    this.filter.subscribe(again);
    editor.document.subscribe(again);
    const look = () => void this.follow();
    editor.state.tool.subscribe(look);
    editor.state.image.subscribe(look);
  }

  private shown: string | null = null;

  /** The tool was chosen or left, or another image is open. */
  private async follow(): Promise<void> {
    const image = this.editor.state.tool.get() === "proposal" ? this.editor.imageId : null;
    if (image === this.shown) return;
    this.shown = image;
    this.turn += 1;
    this.lit.set(new Set());
    if (image) await this.open();
    else this.state.set({ kind: "closed" });
  }

  /** Fetches the open image's proposals, and has them made where there are none. */
  async open(): Promise<void> {
    const image = this.editor.state.image.get()?.record;
    const turn = (this.turn += 1);
    const stale = () => turn !== this.turn;
    if (!image) return;
    this.state.set({ kind: "loading" });
    try {
      await this.fetch(image, stale);
    } catch (error) {
      if (!stale()) this.state.set({ kind: "failed", message: wordsOf(error) });
    }
  }

  async cancel(): Promise<void> {
    const state = this.state.get();
    if (state.kind !== "running" || !state.run) return;
    this.state.set({ ...state, cancelling: true });
    await this.editor.sync.api.cancelRun(state.run).catch(() => undefined);
  }

  private async fetch(image: ImageRecord, stale: () => boolean): Promise<void> {
    const { api } = this.editor.sync;
    let record = await api.proposals(image.id);
    if (record.state === "none" || record.state === "failed") {
      if (stale()) return;
      record = await api.requestProposals(image.id);
    }
    const pace = new Pace();
    while (record.state === "queued" || record.state === "running") {
      if (stale()) return;
      this.running(record, pace);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (stale()) return;
      record = await api.proposals(image.id);
    }
    if (record.state === "ready" && record.url) {
      const set = readProposals(await api.bytes(record.url), [image.height, image.width]);
      if (!stale()) this.state.set({ kind: "ready", set });
    } else if (!stale()) {
      this.state.set(
        record.state === "failed"
          ? { kind: "failed", message: record.error || "The worker gave no reason." }
          : { kind: "none", message: "Looking for objects was cancelled." },
      );
    }
  }

  private running({ run }: ProposalsRecord, pace: Pace): void {
    const { done = 0, total = 0 } = run?.progress ?? {};
    this.state.set({
      kind: "running",
      run: run?.id ?? null,
      done,
      total,
      left: pace.left(done, total),
      cancelling: run?.cancelling ?? false,
    });
  }

  private offer(): void {
    const state = this.state.get();
    if (state.kind === "ready") {
      this.offered.set(offered(state.set, this.filter.get(), this.editor.document.list()));
    } else if (this.offered.get().length > 0) {
      this.offered.set([]);
    }
  }

  /** Makes objects of proposals, all in one step of undo. */
  take(ids: readonly number[]): void {
    const state = this.state.get();
    const image = this.editor.state.image.get()?.record;
    if (state.kind !== "ready" || !image) return;
    const wanted = new Set(ids);
    const proposals = this.offered.get().filter(({ id }) => wanted.has(id));
    const added: AnnotationRecord[] = [];
    let gone: Runs | null = null;
    // The small ones first: where pixels belong to one object, they lie on the large ones.
    for (const proposal of proposals.reverse()) {
      const made = this.made(state.set, proposal, gone);
      if (!made) continue;
      if (onlyEmpty(this.editor)) gone = gone ? combineRuns(gone, made.runs, "union") : made.runs;
      const mask = maskOf(made.runs, proposal.mask.size);
      added.push(newRecord(this.editor, image.id, mask, made.recipe));
    }
    if (added.length === 0) return;
    const { document, effort } = this.editor;
    effort.as("proposal", () => document.apply({ added, updated: [], removed: [] }, "local"));
    this.editor.state.selected.set(null);
  }

  private made(set: ProposalSet, proposal: Proposal, gone: Runs | null) {
    const { size } = proposal.mask;
    const recipe = recipeOfProposal(set, proposal);
    const rules = labelOf(this.editor, this.editor.state.label.get())?.post_rules ?? {};
    const whole = { runs: runsOf(proposal.mask), recipe };
    const tidy = withRules(whole, rules, size);
    const free = onFreePixels(this.editor, tidy, size, null);
    const runs = gone ? combineRuns(free.runs, gone, "subtract") : free.runs;
    return areaOf(runs) > 0 ? { ...free, runs } : null;
  }
}

/** How long a run still takes, from how fast it came this far. */
class Pace {
  private from: { at: number; done: number } | null = null;

  left(done: number, total: number): number | null {
    const now = performance.now();
    if (done === 0) return null;
    this.from ??= { at: now, done };
    const passed = now - this.from.at;
    const made = done - this.from.done;
    return made > 0 ? Math.ceil(((total - done) * passed) / made / 1000) : null;
  }
}
