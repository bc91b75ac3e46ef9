/** The bundle manifest as the decoder knows it (contract: workers/bundles/<name>/manifest.json). */
export interface TensorSpec {
  name: string;
  shape: number[];
  dtype: TensorType;
}

/** How numbers are stored; int8 has a float32 scale for each channel (tests/contract/tensors.json). */
export type TensorType = "float16" | "float32" | "int8";

export interface GraphSpec {
  file: string;
  sha256: string;
  bytes: number;
  inputs?: string[];
  outputs?: string[];
}

export interface BundleManifest {
  tensors: TensorSpec[];
  graphs: {
    prepare: GraphSpec | null;
    decode: GraphSpec;
    decode_with_mask: GraphSpec | null;
    /** A second look at the edges of a decoded mask, where the bundle has it. */
    refine?: GraphSpec | null;
  };
  preprocess: { input_size: [number, number]; resize?: string; mean?: number[]; std?: number[] };
  /** [height, width] */
  low_res_size: [number, number];
  /** Names by index of the decoder's masks. */
  candidates: string[];
  /** Index of the mask used when a prompt is no longer ambiguous. */
  single_candidate: number;
  /** Up to so many clicks the best rated mask is taken; then the single one. */
  scored_clicks: number;
  prompt_token_channels: number;
  /** Side of the grid that the refine graph works on. */
  refine_size: number;
  /** How many points a scribble becomes. */
  scribble_rule?: { spacing_image_px_of_long_side: number; max_points: number };
  /** Inputs of the decode graphs beyond SAM's own, with the values that change nothing. */
  decode_defaults?: Record<string, number[]>;
}

/** The graphs the browser runs, in this order. */
export const BROWSER_GRAPHS = ["prepare", "decode", "decode_with_mask", "refine"] as const;
export type BrowserGraph = (typeof BROWSER_GRAPHS)[number];

export class BundleError extends Error {}

/** Reads what the API answered; throws in words when it is not a manifest we can run. */
export function readManifest(record: Record<string, unknown>): BundleManifest {
  const manifest = (record["manifest"] ?? record) as Partial<BundleManifest>;
  const { graphs, preprocess, low_res_size: lowRes, candidates } = manifest;
  if (!graphs?.decode || !preprocess?.input_size || !lowRes || !Array.isArray(candidates)) {
    throw new BundleError("This project's model has no decoder that the browser can run.");
  }
  return {
    tensors: manifest.tensors ?? [],
    graphs: {
      prepare: graphs.prepare ?? null,
      decode: graphs.decode,
      decode_with_mask: graphs.decode_with_mask ?? null,
      refine: graphs.refine ?? null,
    },
    preprocess,
    low_res_size: lowRes,
    candidates,
    single_candidate: manifest.single_candidate ?? 0,
    scored_clicks: manifest.scored_clicks ?? 1,
    prompt_token_channels: manifest.prompt_token_channels ?? 1,
    refine_size: manifest.refine_size ?? 0,
    ...(manifest.scribble_rule ? { scribble_rule: manifest.scribble_rule } : {}),
    decode_defaults: manifest.decode_defaults ?? {},
  };
}
