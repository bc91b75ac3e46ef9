/**
 * The editor: builds document, history, prompter, shelf and outbox for one page and connects them.
 * What a person can do with them is in the files beside it, one verb a function.
 */
import type { DecoderClient } from "../decoder/client";
import { Document } from "../document/document";
import { History } from "../document/history";
import type { AnnotationRecord } from "../document/records";
import { byStacking } from "../document/stacking";
import { replay } from "../document/replay";
import { fit } from "../geometry/viewport";
import { maskContains } from "../masks/decoded";
import { Prompter } from "../prompting/prompter";
import { makeTools, type Tools } from "../tools";
import type { Tool } from "../tools/tool";
import type { Operation, OperationResult, Sync } from "../sync/types";
import { BoxQueue } from "./boxes";
import { pointAtIncomplete, takeLabels } from "./attributes";
import { EffortMeter } from "./effort";
import { colourOf, labelColour } from "./look";
import { takeComments } from "./remarks";
import { makeRefine, type ReadPixels } from "./refining";
import { Outbox } from "./outbox";
import { Shelf, type ShelfEntry } from "./shelf";
import { Proposals } from "./proposals";
import { Tracer } from "./tracing";
import { toolHost } from "./tool-host";
import { EditorState, LOCKED_FOR_AUTHOR, type Mode, type StripItem } from "./state";

/** States in which the first change says that somebody works on the image. */
const BEGUN_BY_A_CHANGE: ReadonlySet<string> = new Set(["new", "returned", "skipped"]);

export class Editor {
  readonly state = new EditorState();
  readonly document = new Document();
  readonly history = new History(this.document);
  readonly prompter: Prompter;
  readonly effort = new EffortMeter();
  readonly outbox: Outbox;
  readonly shelf: Shelf;
  readonly proposals: Proposals;
  readonly tools: Tools;
  readonly boxes = new BoxQueue(this);
  readonly tracer = new Tracer(this);
  /** The picture's pixels; the stage, which draws them, knows them. */
  readPixels: ReadPixels = () => null;
  /** performance.now() of the press whose mask is not painted yet. */
  pressedAt: number | null = null;
  /** The whole image is in view because nobody zoomed or moved it since. */
  fitted = true;
  private seq = 0;
  private opening = 0;
  private leaveProject: (() => void) | null = null;
  private readonly leave: (() => void)[] = [];
  private catchUpTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly sync: Sync,
    readonly decoder: DecoderClient,
    readonly mode: Mode,
  ) {
    this.prompter = new Prompter(
      (key, prompt) => decoder.decode(key, prompt),
      makeRefine(decoder, (...rectangle) => this.readPixels(...rectangle), this.state.refine.get),
    );
    this.shelf = new Shelf(sync.api, decoder, (id, state) => this.embeddingProgress(id, state));
    this.outbox = new Outbox(
      this.document,
      sync,
      this.effort.spend,
      (error) => this.say(`This change could not be kept: ${wordsOf(error)}`, "bad"),
      (operation, result) => this.answered(operation, result),
    );
    this.proposals = new Proposals(this);
    this.tools = makeTools(toolHost(this));
    if (mode === "review") this.state.tool.set("select");
  }

  /** Starts listening; `dispose` ends it, and it can be started again. */
  connect(): void {
    this.leave.push(
      this.outbox.connect(),
      this.document.subscribe((_, origin) => origin === "local" && this.beginWork()),
      this.sync.journal.held.subscribe(() => this.scheduleCatchUp(true)),
    );
  }

  get imageId(): string | null {
    return this.state.image.get()?.record.id ?? null;
  }

  get item(): StripItem | null {
    const id = this.imageId;
    return this.state.strip.get().find((item) => item.image.id === id) ?? null;
  }

  /** Why the open image cannot be changed, in words; null when it can. */
  locked(): string | null {
    if (!this.state.loaded.get()) return "The objects of this image are still on their way.";
    const role = this.state.project.get()?.role;
    if (role === "viewer") return "You may look at this project but not change it.";
    const state = this.item?.jobImage?.state;
    if (state === "accepted") return "This image is accepted. A reviewer can reopen it.";
    if (this.mode === "edit" && state && LOCKED_FOR_AUTHOR.has(state)) {
      return "This image is with the reviewer.";
    }
    return null;
  }

  say(text: string, tone: "plain" | "warn" | "bad" = "plain"): void {
    this.state.notice.set({ text, tone });
  }

  colourOf = (annotation: AnnotationRecord): string =>
    colourOf(annotation, this.state.look.get().colourBy, this.state.labels.get());

  labelColour(id: string | null): string {
    return labelColour(this.state.labels.get(), id);
  }

  /** Opens the project behind the page once: its labels, role and live messages. */
  async enterProject(projectId: string): Promise<void> {
    if (this.state.project.get()?.id === projectId) return;
    const [project, labels] = await Promise.all([
      this.sync.api.project(projectId),
      this.sync.api.labels(projectId),
    ]);
    this.state.labels.set([]);
    takeLabels(this, labels);
    this.state.label.set(this.state.labels.get()[0]?.id ?? null);
    this.state.project.set(project);
    this.leaveProject?.();
    this.leaveProject = this.sync.live.subscribe(projectId, (message) => {
      if (message.type === "seq" && message.seq > this.seq) this.scheduleCatchUp(false);
    });
  }

  /** Shows an image; what is already on the shelf appears at once. */
  async open(id: string): Promise<void> {
    if (this.imageId === id && !this.state.failure.get()) return;
    const turn = (this.opening += 1);
    const stale = () => turn !== this.opening;
    toolOf(this).cancel?.();
    this.prompter.cancel();
    this.prompter.setTarget(null);
    this.state.failure.set(null);
    this.state.notice.set(null);
    this.state.selected.set(null);
    this.state.hovered.set(null);
    this.state.hidden.set(new Set());
    this.state.lockedObjects.set(new Set());
    this.state.asking.set(null);
    this.state.comments.set([]);
    this.state.readiness.set({ kind: "loading" });
    // What was done to the image just left is not in what was fetched before it.
    if (this.imageId) this.shelf.forgetAnnotations(this.imageId);
    const entry = this.shelf.get(id);
    try {
      const record = await entry.image;
      await this.enterProject(record.project);
      if (stale()) return;
      this.state.loaded.set(false);
      this.document.load([]);
      this.state.image.set({ record, picture: null });
      this.fit();
      void this.showPicture(entry, stale);
      void this.armDecoder(entry, stale);
      await this.showAnnotations(entry, stale);
      if (!stale()) this.sync.live.presence(record.project, { image: id });
    } catch (error) {
      if (stale()) return;
      this.shelf.drop(id);
      this.state.failure.set(wordsOf(error));
    }
  }

  fit(): void {
    const image = this.state.image.get()?.record;
    const screen = this.state.screen.get();
    this.fitted = true;
    if (image && screen.width) this.state.viewport.set(fit(image, screen));
  }

  /** Asks again for an embedding that failed. */
  async retryEmbedding(): Promise<void> {
    const id = this.imageId;
    if (!id) return;
    await this.sync.api.requestEmbedding(id);
    this.shelf.drop(id);
    const turn = this.opening;
    this.state.readiness.set({ kind: "loading" });
    await this.armDecoder(this.shelf.get(id), () => turn !== this.opening);
  }

  annotationAt(x_image: number, y_image: number): string | null {
    const hidden = this.state.hidden.get();
    const locked = this.state.lockedObjects.get();
    if (!this.state.appearance.get().masksVisible) return null;
    let best: AnnotationRecord | null = null;
    for (const annotation of this.document.list()) {
      if (hidden.has(annotation.id) || locked.has(annotation.id)) continue;
      if (best && byStacking(annotation, best) <= 0) continue;
      if (maskContains(annotation.mask, x_image, y_image)) best = annotation;
    }
    return best?.id ?? null;
  }

  /** The strip's neighbour, or null at its ends. */
  neighbour(by: 1 | -1): StripItem | null {
    const strip = this.state.strip.get();
    const at = strip.findIndex((item) => item.image.id === this.imageId);
    return at < 0 ? null : (strip[at + by] ?? null);
  }

  patchJobImage(id: string, change: Partial<NonNullable<StripItem["jobImage"]>>): void {
    this.state.strip.update((strip) =>
      strip.map((item) =>
        item.jobImage?.id === id ? { ...item, jobImage: { ...item.jobImage, ...change } } : item,
      ),
    );
  }

  dispose(): void {
    this.opening += 1;
    clearTimeout(this.catchUpTimer);
    for (const stop of this.leave.splice(0)) stop();
    this.leaveProject?.();
    this.shelf.dispose();
    // Opened again, it starts from nothing: what was under way has been let go.
    this.state.project.set(null);
    this.state.image.set(null);
  }

  private async showPicture(entry: ShelfEntry, stale: () => boolean): Promise<void> {
    try {
      const picture = await entry.picture;
      const image = this.state.image.get();
      if (!stale() && image) this.state.image.set({ ...image, picture });
    } catch (error) {
      if (!stale()) this.state.failure.set(wordsOf(error));
    }
  }

  private async armDecoder(entry: ShelfEntry, stale: () => boolean): Promise<void> {
    try {
      const target = await entry.target;
      if (stale()) return;
      this.prompter.setTarget(target);
      this.state.readiness.set({ kind: "ready" });
    } catch (error) {
      if (!stale()) this.state.readiness.set({ kind: "failed", message: wordsOf(error) });
    }
    // The neighbours travel when this image has what it needs.
    for (const by of [1, -1] as const) {
      const next = this.neighbour(by);
      if (next && !stale()) this.shelf.get(next.image.id);
    }
    this.shelf.get(entry.id);
  }

  private async showAnnotations(entry: ShelfEntry, stale: () => boolean): Promise<void> {
    const record = await entry.image;
    const [{ results, seq }, kept] = await Promise.all([
      entry.annotations,
      this.sync.journal.pending(record.project),
    ]);
    if (stale()) return;
    const me = this.sync.user.get();
    const author = { id: me?.id ?? "", name: me?.display_name || me?.username || "" };
    const alive = results.filter((r) => !r.deleted && r.layer === "main");
    const { records } = replay(alive, kept, record.id, author);
    this.outbox.opened(record.project, [...results, ...records], kept);
    this.document.load(records);
    this.state.loaded.set(true);
    this.sync.api.comments(record.id).then(
      (comments) => !stale() && takeComments(this, comments),
      () => undefined,
    );
    // Prefetched records may have aged: ask what happened since.
    this.seq = seq;
    // Without a network what was prefetched is shown; the socket says when there is more.
    await this.catchUp(false).catch(() => undefined);
  }

  private embeddingProgress(id: string, state: string): void {
    if (id !== this.imageId) return;
    if (state === "queued" || state === "running") {
      this.state.readiness.set({ kind: "waiting", state });
    }
  }

  /** The first change of a new or returned image says that somebody works on it. */
  private beginWork(): void {
    const row = this.item?.jobImage;
    if (!row || !this.state.job.get() || this.mode !== "edit" || !BEGUN_BY_A_CHANGE.has(row.state))
      return;
    this.moveJobImage("in_work");
  }

  moveJobImage(to: string, extra: Record<string, unknown> = {}): void {
    const row = this.item?.jobImage;
    if (!row) return;
    this.outbox.append({
      kind: "job_image.move",
      target: row.id,
      base_version: row.version,
      payload: { to, ...extra },
    });
    const note = typeof extra["note"] === "string" ? extra["note"] : "";
    this.patchJobImage(row.id, { state: to as typeof row.state, version: row.version + 1, note });
  }

  private answered(operation: Operation, result: OperationResult): void {
    if (operation.kind === "job_image.move") {
      if (result.status === "applied" && result.version !== undefined) {
        if (!this.outbox.isMine(operation.target)) {
          this.patchJobImage(operation.target, { version: result.version });
        }
      }
    }
    if (result.code === "missing_attributes" && pointAtIncomplete(this)) return;
    if (result.status === "rejected" || result.status === "conflict") {
      this.say(result.message || "The server has another version of this.", "warn");
      this.scheduleCatchUp(true);
    }
  }

  private scheduleCatchUp(whole: boolean): void {
    clearTimeout(this.catchUpTimer);
    this.catchUpTimer = setTimeout(() => {
      // Until the objects are there nobody knows since when: opening catches up by itself.
      if (!this.state.loaded.get()) return;
      void this.catchUp(whole).catch(() => undefined);
    }, 120);
  }

  /** Fetches what others did; `whole` takes the server's word for everything not mine. */
  private async catchUp(whole: boolean): Promise<void> {
    const image = this.state.image.get()?.record;
    if (!image) return;
    if (whole) {
      const { results } = await this.sync.api.annotations(image.id);
      if (image.id === this.imageId) this.takeTheirs(results, image.id);
      return;
    }
    let more = true;
    while (more && image.id === this.imageId) {
      const changes = await this.sync.api.changes(image.project, this.seq);
      if (image.id !== this.imageId) return;
      this.outbox.incoming(changes.annotations, image.id);
      takeComments(this, changes.comments);
      takeLabels(this, changes.labels);
      for (const row of changes.job_images) {
        if (!this.outbox.isMine(row.id)) {
          this.patchJobImage(row.id, { state: row.state, version: row.version, note: row.note });
        }
      }
      this.seq = Math.max(this.seq, changes.seq);
      more = changes.more;
    }
  }

  private takeTheirs(results: readonly AnnotationRecord[], imageId: string): void {
    const alive = results.filter((record) => !record.deleted && record.layer === "main");
    const ids = new Set(alive.map((record) => record.id));
    const free = (record: AnnotationRecord) => !this.outbox.isMine(record.id);
    this.document.apply(
      {
        added: alive.filter((r) => r.image === imageId && !this.document.get(r.id) && free(r)),
        updated: alive.flatMap((r): [AnnotationRecord, AnnotationRecord][] => {
          const current = this.document.get(r.id);
          // My version may carry the same number as theirs; the seq tells them apart.
          return current && current.seq !== r.seq && free(r) ? [[current, r]] : [];
        }),
        removed: this.document.list().filter((record) => !ids.has(record.id) && free(record)),
      },
      "remote",
    );
  }
}

/** The tool in the hand. */
export function toolOf({ tools, state }: Pick<Editor, "tools" | "state">): Tool {
  return tools[state.tool.get()];
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something unexpected happened.";
}
