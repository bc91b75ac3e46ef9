/**
 * The prompt in progress and the ghost under the pointer. Asks the decoder, and lets only answers
 * to the present question through: every change raises `generation`, an answer of an older one is
 * dropped and never painted.
 */
import type { BundleManifest } from "../decoder/bundle";
import { chooseCandidates } from "../decoder/candidates";
import type { DecodeAnswer, DecodePrompt } from "../decoder/protocol";
import { emptyPrompts, type PromptBox, type Prompts, type Recipe } from "../document/recipe";
import { Signal, type ReadSignal } from "../document/signal";
import { imageToModel, type ModelFrame, type Point } from "../geometry/spaces";
import { upscaleToRuns, type LowResMask } from "../masks/upscale";
import type { Runs } from "../masks/rle";
import { corrected } from "../masks/correction";
import {
  chainOf,
  corrects,
  feedbackSource,
  lowResOf,
  recipeOf,
  shownOf,
  type ChainStep,
  type DecodedStep,
  type Recorded,
} from "./chain";
import { alongLine, encodePrompts } from "./encode";
import { Ghost, round2, rounded } from "./ghost";
import { NOTHING, viewOf, type PromptView } from "./view";

export type { Candidate, PromptView } from "./view";

/** What to decode against: set when the image's embedding is in the worker. */
export interface PromptTarget {
  key: string;
  bundle: string;
  manifest: BundleManifest;
  frame: ModelFrame;
}

export interface Taken {
  runs: Runs;
  recipe: Recipe;
  clicks: number;
  reopened: string | null;
}

type Decode = (key: string, prompt: DecodePrompt) => Promise<DecodeAnswer | null>;
/** A second look at a mask's edges; null where there is none to be had. */
export type Refine = (
  target: PromptTarget,
  low: LowResMask,
  prompts: Prompts,
) => Promise<LowResMask | null>;

export class Prompter {
  private decodesAgainst: PromptTarget | null = null;
  private steps: ChainStep[] = [];
  private undone: ChainStep[] = [];
  private reopened: string | null = null;
  private reopening: Recorded[] = [];
  private threshold = 0;
  private generation = 0;
  private readonly ghost = new Ghost(
    (point) => this.askGhost(point),
    () => this.publish(),
  );
  private error: string | null = null;
  /** The second look that is under way, and what waits for it. */
  private looking: DecodedStep | null = null;
  private waiting: (() => void) | null = null;
  private readonly viewSignal = new Signal<PromptView>(NOTHING);
  readonly view: ReadSignal<PromptView> = this.viewSignal;

  constructor(
    private readonly decode: Decode,
    private readonly refine: Refine = () => Promise.resolve(null),
  ) {}

  /** What prompts are decoded against; null while it is not there. */
  get target(): PromptTarget | null {
    return this.decodesAgainst;
  }

  get isOpen(): boolean {
    return this.steps.length > 0;
  }

  /** Null while the image or its embedding is not there: clicks are kept and decoded later. */
  setTarget(target: PromptTarget | null): void {
    if (target?.key === this.target?.key) return;
    this.settle();
    this.decodesAgainst = target;
    this.generation += 1;
    this.ghost.clear();
    this.askAgain();
    this.publish();
  }

  hover(p_image: Point | null): void {
    this.ghost.follow(p_image);
  }

  addPoint(p_image: Point, label: 0 | 1): void {
    const prompts = this.copyPrompts();
    const point = rounded(p_image);
    prompts.points.push({ ...point, label });
    const first = this.steps.length === 0 && label === 1;
    this.push({
      prompts,
      clicks: 1,
      extends: true,
      // The ghost already answers a first click at the same place.
      decoded: first ? this.ghost.at(point) : null,
    });
  }

  setBox(box: PromptBox): void {
    const prompts = this.copyPrompts();
    const replaced = prompts.boxes.length > 0;
    prompts.boxes = [box.map(round2) as PromptBox];
    this.push({ prompts, clicks: 1, extends: !replaced, decoded: null });
  }

  /** A line over what belongs to the object, or does not: a few points along it are asked with. */
  addScribble(line_image: readonly Point[], label: 0 | 1): void {
    const prompts = this.copyPrompts();
    const points = alongLine(line_image, this.target);
    prompts.scribbles = [...prompts.scribbles, { label, points }];
    this.push({ prompts, clicks: 1, extends: true, decoded: null });
  }

  movePoint(index: number, p_image: Point): void {
    const prompts = this.copyPrompts();
    const point = prompts.points[index];
    if (!point) return;
    prompts.points[index] = { ...point, ...rounded(p_image) };
    this.push({ prompts, clicks: 1, extends: false, decoded: null });
  }

  removePoint(index: number): void {
    const prompts = this.copyPrompts();
    prompts.points.splice(index, 1);
    const { points, boxes, scribbles } = prompts;
    if (points.length + boxes.length + scribbles.length === 0) this.cancel();
    else this.push({ prompts, clicks: 1, extends: false, decoded: null });
  }

  /** One click back. Returns false when there was nothing left to take back. */
  undo(): boolean {
    const step = this.steps.pop();
    if (!step) return false;
    this.undone.push(step);
    this.changed();
    return true;
  }

  redo(): boolean {
    const step = this.undone.pop();
    if (!step) return false;
    this.steps.push(step);
    this.changed();
    return true;
  }

  cancel(): void {
    this.settle();
    if (!this.isOpen && !this.error && this.undone.length === 0) return;
    this.clear();
    this.changed();
  }

  cycle(by: 1 | -1): void {
    const decoded = this.steps.at(-1)?.decoded;
    if (!decoded) return;
    const { offered } = decoded.choice;
    const at = offered.indexOf(decoded.candidate);
    this.choose(offered[(at + by + offered.length) % offered.length] ?? decoded.candidate);
  }

  choose(candidate: number): void {
    const step = this.steps.at(-1);
    if (!step?.decoded || candidate >= step.decoded.answer.candidates) return;
    step.decoded = { ...step.decoded, candidate };
    this.publish();
    void this.refineLast();
  }

  /** Edges as the model drew them, or looked at again: asks for what is not there yet. */
  refiningChanged(): void {
    for (const step of this.steps) {
      if (step.decoded) step.decoded = { ...step.decoded, refined: new Map() };
    }
    this.publish();
    void this.refineLast();
  }

  moveThreshold(by: number): void {
    if (!this.isOpen) return;
    this.threshold = round2(Math.max(-8, Math.min(8, this.threshold + by)));
    this.publish();
  }

  /** Opens the prompts of an accepted object again. False when its recipe holds none. */
  reopen(annotation: string, recipe: Recipe | null): boolean {
    const chain = chainOf(recipe);
    if (!chain) return false;
    this.clear();
    this.steps = chain.steps;
    this.reopening = chain.recorded;
    this.reopened = annotation;
    const last = recipe!.steps.at(-1);
    this.threshold = last?.type === "decode" ? Number(last["threshold"] ?? 0) : 0;
    this.changed();
    return true;
  }

  /** Calls `then` when the mask's edges have been looked at; at once if nobody is looking. */
  whenFine(then: () => void): void {
    this.settle();
    this.waiting = then;
    if (!this.looking) this.settle();
  }

  /** Ends that wait with the mask as it stands: the hand does something else already. */
  settle(): void {
    const then = this.waiting;
    this.waiting = null;
    then?.();
  }

  /** The mask at image size with its recipe; null while there is none. Ends the prompt. */
  take(): Taken | null {
    const decoded = this.steps.at(-1)?.decoded;
    if (!decoded || !this.target) return null;
    const recipe = recipeOf(this.steps, this.target.bundle, this.threshold);
    if (!recipe) return null;
    const runs = upscaleToRuns(shownOf(decoded), this.threshold);
    const clicks = this.steps.reduce((sum, step) => sum + step.clicks, 0);
    const taken = { runs, recipe, clicks, reopened: this.reopened };
    this.clear();
    this.changed();
    return taken;
  }

  private clear(): void {
    this.steps = [];
    this.undone = [];
    this.reopening = [];
    this.reopened = null;
    this.threshold = 0;
    this.error = null;
    this.ghost.clear();
  }

  private copyPrompts(): Prompts {
    const last = this.steps.at(-1)?.prompts ?? emptyPrompts();
    return { ...last, points: [...last.points], boxes: [...last.boxes] };
  }

  private push(step: ChainStep): void {
    this.undone = [];
    this.steps.push(step);
    this.changed();
  }

  private changed(): void {
    this.generation += 1;
    this.error = null;
    this.askAgain();
    this.publish();
    void this.refineLast();
  }

  private askAgain(): void {
    this.ghost.outdate();
    if (this.isOpen) void this.decodeLast();
    else this.ghost.update();
  }

  private async decodeLast(): Promise<void> {
    const generation = this.generation;
    // A reopened chain has to be run from its beginning, each step feeding the next.
    const replaying = this.reopening.length > 0;
    const index = replaying
      ? this.steps.findIndex((step) => step.decoded === null)
      : this.steps.length - 1;
    const step = this.steps[index];
    const target = this.target;
    if (!step || step.decoded || !target) return;
    try {
      const ghost = this.ghost.underWay(step.prompts);
      const decoded =
        (ghost && (await ghost)) ??
        (await this.ask(target, step.prompts, feedbackSource(this.steps, index)));
      if (generation !== this.generation || !decoded) return;
      step.decoded = this.asRecorded(index, this.corrected(index, decoded));
    } catch (error) {
      if (generation !== this.generation) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    if (replaying && !this.error && this.steps.some((s) => s.decoded === null)) {
      await this.decodeLast();
    } else {
      this.reopening = [];
      this.publish();
      void this.refineLast();
    }
  }

  /** The decoded mask is on screen already; a finer one takes its place when it is there. */
  private async refineLast(): Promise<void> {
    const step = this.steps.at(-1);
    const decoded = step?.decoded;
    if (!step || !decoded || !this.target || decoded.refined.has(decoded.candidate)) return;
    const { candidate } = decoded;
    const generation = this.generation;
    this.looking = decoded;
    const fine = await this.refine(this.target, lowResOf(decoded), step.prompts).catch(() => null);
    const now = step.decoded;
    if (fine && generation === this.generation && now?.answer === decoded.answer) {
      step.decoded = { ...now, refined: new Map(now.refined).set(candidate, fine) };
      if (now.candidate === candidate) this.publish();
    }
    if (this.looking !== decoded) return;
    this.looking = null;
    this.settle();
  }

  /** The third click and later ones correct the mask before, they do not start over. */
  private corrected(index: number, decoded: DecodedStep): DecodedStep {
    const from = decoded.feedbackFrom;
    const recorded = this.reopening[index];
    if (from === null || !corrects(this.steps, index, from)) return decoded;
    if (recorded && !recorded.corrected) return decoded;
    const low = lowResOf(decoded);
    const point = this.steps[index]!.prompts.points.at(-1)!;
    const click = { ...imageToModel(decoded.frame, point), positive: point.label === 1 };
    const before = lowResOf(this.steps[from]!.decoded!).logits;
    const logits = decoded.answer.logits.slice();
    logits.set(
      corrected(before, low.logits, low, click, decoded.frame.inputSize),
      decoded.candidate * low.logits.length,
    );
    return { ...decoded, answer: { ...decoded.answer, logits }, corrected: true };
  }

  private asRecorded(index: number, decoded: DecodedStep): DecodedStep {
    const candidate = this.reopening[index]?.candidate;
    return candidate !== undefined && candidate < decoded.answer.candidates
      ? { ...decoded, candidate }
      : decoded;
  }

  private askGhost(point: Point): Promise<DecodedStep | null> | null {
    if (this.isOpen || !this.target) return null;
    const prompts = { ...emptyPrompts(), points: [{ ...point, label: 1 as const }] };
    return this.ask(this.target, prompts, null);
  }

  private async ask(
    target: PromptTarget,
    prompts: Prompts,
    feedbackFrom: number | null,
  ): Promise<DecodedStep | null> {
    const fed = feedbackFrom === null ? null : this.steps[feedbackFrom]?.decoded;
    const mask =
      fed && target.manifest.graphs.decode_with_mask ? lowResOf(fed).logits.slice() : null;
    const prompt = encodePrompts(target.frame, prompts, mask);
    // The client transfers nothing of a prompt, so it can be read again for the choice.
    const answer = await this.decode(target.key, prompt);
    if (!answer) return null;
    const choice = chooseCandidates(target.manifest, answer, prompt);
    return {
      answer,
      choice,
      candidate: choice.preferred,
      feedbackFrom: mask ? feedbackFrom : null,
      frame: target.frame,
      corrected: false,
      refined: new Map(),
    };
  }

  private publish(): void {
    this.viewSignal.set(
      viewOf({
        steps: this.steps,
        hover: this.ghost.decoded,
        threshold: this.threshold,
        reopened: this.reopened,
        error: this.error,
        names: this.target?.manifest.candidates ?? [],
      }),
    );
  }
}
