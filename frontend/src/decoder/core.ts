/**
 * The decoder's work, apart from onnxruntime itself: sessions, prepared embeddings by key within a
 * limit of bytes, one decode. Runs in the worker; tests give it a fake `createSession`.
 */
import type { BrowserGraph, BundleManifest } from "./bundle";
import type { DecodeAnswer, DecodePrompt, RefineInput } from "./protocol";
import { readTensors, type FloatTensor, type PlacedTensor } from "./tensors";

export interface GraphSession {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, FloatTensor>): Promise<Record<string, FloatTensor>>;
}
export type CreateSession = (graph: ArrayBuffer) => Promise<GraphSession>;

interface LoadedBundle {
  id: string;
  manifest: BundleManifest;
  sessions: Partial<Record<BrowserGraph, GraphSession>>;
}

interface Prepared {
  bundle: string;
  tensors: Record<string, FloatTensor>;
  bytes: number;
}

export class DecoderCore {
  private bundles = new Map<string, LoadedBundle>();
  /** In order of last use, the oldest first. */
  private prepared = new Map<string, Prepared>();

  constructor(
    private readonly createSession: CreateSession,
    private readonly byteLimit: number,
    private readonly clock: () => number,
  ) {}

  async load(
    id: string,
    manifest: BundleManifest,
    graphs: Partial<Record<BrowserGraph, ArrayBuffer>>,
  ): Promise<void> {
    const sessions: LoadedBundle["sessions"] = {};
    for (const [name, bytes] of Object.entries(graphs) as [BrowserGraph, ArrayBuffer][]) {
      sessions[name] = await this.createSession(bytes);
    }
    this.bundles.set(id, { id, manifest, sessions });
  }

  /** Reads, converts and (once per image) prepares an embedding. Returns the keys it pushed out. */
  async embed(
    bundleId: string,
    key: string,
    placed: readonly PlacedTensor[],
    bytes: ArrayBuffer,
  ): Promise<string[]> {
    const bundle = this.bundle(bundleId);
    let tensors = Object.fromEntries(readTensors(bytes, placed));
    if (bundle.sessions.prepare) {
      const session = bundle.sessions.prepare;
      const made = await session.run(pick(tensors, session.inputNames));
      tensors = { ...tensors, ...made };
    }
    const needed = new Set(
      [bundle.sessions.decode, bundle.sessions.decode_with_mask].flatMap(
        (s) => s?.inputNames ?? [],
      ),
    );
    const kept = Object.fromEntries(Object.entries(tensors).filter(([name]) => needed.has(name)));
    const size = Object.values(kept).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
    this.prepared.delete(key);
    this.prepared.set(key, { bundle: bundleId, tensors: kept, bytes: size });
    return this.evict(key);
  }

  async decode(key: string, prompt: DecodePrompt): Promise<DecodeAnswer> {
    const started = this.clock();
    const image = this.prepared.get(key);
    if (!image) throw new Error("The embedding of this image is not loaded.");
    this.prepared.delete(key);
    this.prepared.set(key, image);
    const { manifest, sessions } = this.bundle(image.bundle);
    const session =
      prompt.maskInput && sessions.decode_with_mask ? sessions.decode_with_mask : sessions.decode;
    if (!session) throw new Error("This model has no decode graph.");
    const feeds = pick(
      { ...image.tensors, ...promptTensors(manifest, prompt) },
      session.inputNames,
    );
    const outputs = await session.run(feeds);
    const masks = outputs["low_res_masks"];
    const iou = outputs["iou_predictions"];
    if (!masks || !iou) throw new Error("The decoder's answer lacks its masks.");
    const [, candidates = 1, height = 0, width = 0] = masks.dims;
    return {
      // Copies: the arrays live in the runtime's memory and are transferred away.
      logits: masks.data.slice(),
      iou_predictions: iou.data.slice(),
      candidates,
      height,
      width,
      ms: this.clock() - started,
    };
  }

  /** Finer logits of one mask, refine_size squared. */
  async refine(bundleId: string, input: RefineInput): Promise<Float32Array> {
    const { manifest, sessions } = this.bundle(bundleId);
    if (!sessions.refine) throw new Error("This model takes no second look at edges.");
    const side = manifest.refine_size;
    const clicks = input.labels.length;
    const outputs = await sessions.refine.run({
      crop: { dims: [1, 3, side, side], data: normalised(manifest, input) },
      coarse_logits: { dims: [1, 1, side, side], data: input.logits },
      point_coords: { dims: [1, clicks, 2], data: input.coords },
      point_labels: { dims: [1, clicks], data: input.labels },
    });
    const refined = outputs["refined_logits"];
    if (!refined) throw new Error("The second look gave no answer.");
    return refined.data.slice();
  }

  private bundle(id: string): LoadedBundle {
    const bundle = this.bundles.get(id);
    if (!bundle) throw new Error("This image's model is not loaded.");
    return bundle;
  }

  private evict(keep: string): string[] {
    const evicted: string[] = [];
    let total = 0;
    for (const entry of this.prepared.values()) total += entry.bytes;
    for (const [key, entry] of this.prepared) {
      if (total <= this.byteLimit) break;
      if (key === keep) continue;
      this.prepared.delete(key);
      evicted.push(key);
      total -= entry.bytes;
    }
    return evicted;
  }
}

function pick(
  tensors: Record<string, FloatTensor>,
  names: readonly string[],
): Record<string, FloatTensor> {
  const picked: Record<string, FloatTensor> = {};
  for (const name of names) {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`The model asks for ${name}, which nothing provides.`);
    picked[name] = tensor;
  }
  return picked;
}

const MEAN = [123.675, 116.28, 103.53];
const STD = [58.395, 57.12, 57.375];

/** RGBA bytes as the encoder's kind of input: channels first, normalised, zero in the padding. */
function normalised(manifest: BundleManifest, input: RefineInput): Float32Array {
  const side = manifest.refine_size;
  const { mean = MEAN, std = STD } = manifest.preprocess;
  const out = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel += 1) {
    const [shift, scale] = [mean[channel]!, 1 / std[channel]!];
    for (let y = 0; y < input.newHeight; y += 1) {
      const to = (channel * side + y) * side;
      const from = y * input.newWidth;
      for (let x = 0; x < input.newWidth; x += 1) {
        out[to + x] = (input.pixels[(from + x) * 4 + channel]! - shift) * scale;
      }
    }
  }
  return out;
}

function promptTensors(
  manifest: BundleManifest,
  prompt: DecodePrompt,
): Record<string, FloatTensor> {
  const [height, width] = manifest.low_res_size;
  const points = prompt.labels.length;
  const options = { ...manifest.decode_defaults };
  if (options["valid_size"] && prompt.validSize) options["valid_size"] = prompt.validSize;
  const more = Object.entries(options).map(([name, values]): [string, FloatTensor] => [
    name,
    { dims: [values.length], data: Float32Array.from(values) },
  ]);
  return {
    ...Object.fromEntries(more),
    point_coords: { dims: [1, points, 2], data: prompt.coords },
    point_labels: { dims: [1, points], data: prompt.labels },
    prompt_tokens: { dims: [1, 0, manifest.prompt_token_channels], data: new Float32Array(0) },
    mask_input: {
      dims: [1, 1, height, width],
      data: prompt.maskInput ?? new Float32Array(height * width),
    },
    has_mask_input: { dims: [1], data: Float32Array.of(prompt.maskInput ? 1 : 0) },
  };
}
