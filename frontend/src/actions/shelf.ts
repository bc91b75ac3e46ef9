/**
 * Images ready to be opened: pixels, annotations and embedding of the open one and of its
 * neighbours. Everything is asked for once; what lies too far away is let go.
 */
import { BROWSER_GRAPHS, readManifest, type BrowserGraph } from "../decoder/bundle";
import type { BundleGraphs, DecoderClient } from "../decoder/client";
import type { PromptTarget } from "../prompting/prompter";
import { modelFrame } from "../geometry/spaces";
import type { AnnotationRecord } from "../document/records";
import type { BundleRecord, EditorApi, EmbeddingRecord, ImageRecord } from "../sync/types";

export interface ShelfEntry {
  id: string;
  image: Promise<ImageRecord>;
  /** The decoded picture. */
  picture: Promise<HTMLImageElement>;
  annotations: Promise<{ results: AnnotationRecord[]; seq: number }>;
  /** What to decode against, once the embedding is in the decoder. */
  target: Promise<PromptTarget>;
  abort: AbortController;
}

export type EmbeddingProgress = (state: EmbeddingRecord["state"]) => void;

const KEEP = 7;
const POLL_MS = 1_500;

export class Shelf {
  private readonly entries = new Map<string, ShelfEntry>();
  private readonly bundles = new Map<string, Promise<BundleGraphs>>();

  constructor(
    private readonly api: EditorApi,
    private readonly decoder: DecoderClient,
    private readonly progress: (imageId: string, state: EmbeddingRecord["state"]) => void,
  ) {}

  /** Asks for everything of an image, or gives what is already on its way. */
  get(id: string): ShelfEntry {
    let entry = this.entries.get(id);
    if (entry) this.entries.delete(id);
    else entry = this.fetch(id);
    this.entries.set(id, entry);
    this.trim();
    return entry;
  }

  /** Annotations age: the next open asks the server again. */
  forgetAnnotations(id: string): void {
    const entry = this.entries.get(id);
    if (entry) entry.annotations = quiet(this.api.annotations(id));
  }

  drop(id: string): void {
    this.entries.get(id)?.abort.abort();
    this.entries.delete(id);
  }

  dispose(): void {
    for (const id of [...this.entries.keys()]) this.drop(id);
  }

  private fetch(id: string): ShelfEntry {
    const abort = new AbortController();
    const image = quiet(this.api.image(id));
    return {
      id,
      abort,
      image,
      picture: quiet(image.then((record) => loadPicture(record.pixels_url))),
      annotations: quiet(this.api.annotations(id)),
      target: quiet(image.then((record) => this.makeTarget(record, abort.signal))),
    };
  }

  private trim(): void {
    for (const id of this.entries.keys()) {
      if (this.entries.size <= KEEP) return;
      this.drop(id);
    }
  }

  private async makeTarget(image: ImageRecord, signal: AbortSignal): Promise<PromptTarget> {
    // The bundle comes first and at the same time: it does not wait for the embedding.
    const early = image.embedding?.bundle;
    if (early) void this.bundle(early).catch(() => undefined);
    const embedding = await this.embeddingReady(image.id, signal);
    const bytes = this.api.bytes(embedding.url, { signal });
    const bundle = await this.bundle(embedding.bundle);
    await this.decoder.load(bundle);
    if (!this.decoder.hasEmbedding(embedding.key)) {
      await this.decoder.embed(bundle.id, embedding.key, embedding.tensors, await bytes);
    }
    const { input_size, resize } = bundle.manifest.preprocess;
    const side = Math.max(...input_size);
    return {
      key: embedding.key,
      bundle: bundle.id,
      manifest: bundle.manifest,
      frame: modelFrame(image.width, image.height, side, resize === "stretch"),
    };
  }

  private async embeddingReady(id: string, signal: AbortSignal): Promise<EmbeddingRecord> {
    let embedding = await this.api.embedding(id);
    if (embedding.state === "failed") {
      this.progress(id, "failed");
      throw new Error(embedding.error || "The picture could not be prepared for the model.");
    }
    if (embedding.state !== "ready") embedding = await this.api.requestEmbedding(id);
    while (embedding.state !== "ready") {
      if (embedding.state === "failed") throw new Error(embedding.error || "It failed.");
      this.progress(id, embedding.state);
      await pause(POLL_MS, signal);
      embedding = await this.api.embedding(id);
    }
    return embedding;
  }

  private bundle(id: string): Promise<BundleGraphs> {
    let loading = this.bundles.get(id);
    if (!loading) {
      loading = this.loadBundle(id);
      this.bundles.set(id, loading);
      loading.catch(() => this.bundles.delete(id));
    }
    return loading;
  }

  private async loadBundle(id: string): Promise<BundleGraphs> {
    const record = await this.api.bundle(id);
    const manifest = readManifest(record);
    const graphs: Partial<Record<BrowserGraph, ArrayBuffer>> = {};
    await Promise.all(
      BROWSER_GRAPHS.map(async (name) => {
        const url = graphUrl(record, name);
        if (manifest.graphs[name] && url) graphs[name] = await this.api.bytes(url);
      }),
    );
    const bundle = { id: record.id, manifest, graphs };
    // Compiling starts at once, in the worker, while the embedding still travels.
    void this.decoder.load(bundle).catch(() => undefined);
    return bundle;
  }
}

function graphUrl(record: BundleRecord, graph: BrowserGraph): string | undefined {
  return record.files[graph]?.url;
}

async function loadPicture(url: string): Promise<HTMLImageElement> {
  const picture = new Image();
  picture.src = url;
  await picture.decode().catch(() => {
    throw new Error("The picture could not be loaded.");
  });
  return picture;
}

/** A promise whose failure is looked at later, if at all. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("The image was closed."));
    });
  });
}
