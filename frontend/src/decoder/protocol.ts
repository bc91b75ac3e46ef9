/** What the page and the decoder's worker say to each other. Buffers are transferred. */
import type { BrowserGraph, BundleManifest } from "./bundle";
import type { PlacedTensor } from "./tensors";

export interface DecodePrompt {
  /** x, y pairs in model space. */
  coords: Float32Array;
  /** 1 positive, 0 negative, 2 and 3 box corners, -1 padding, which changes nothing. */
  labels: Float32Array;
  /** Low-res logits fed back, h * w, or null. */
  maskInput: Float32Array | null;
  /** Height and width of the image in model space: what lies outside need not be computed. */
  validSize?: [number, number];
}

export interface DecodeAnswer {
  /** candidates * height * width logits. */
  logits: Float32Array;
  iou_predictions: Float32Array;
  candidates: number;
  height: number;
  width: number;
  /** Time inside the worker, for the bench. */
  ms: number;
}

/** One second look. The crop is scaled into the top-left corner of a square of `refine_size`. */
export interface RefineInput {
  /** RGBA of the scaled crop, newWidth x newHeight. */
  pixels: Uint8ClampedArray;
  newWidth: number;
  newHeight: number;
  /** The decoded logits at the crop's cells, refine_size squared. */
  logits: Float32Array;
  /** The clicks in the crop's model space, and their labels (1 and 0). */
  coords: Float32Array;
  labels: Float32Array;
}

export type Request =
  | {
      type: "load";
      id: number;
      bundle: string;
      manifest: BundleManifest;
      graphs: Partial<Record<BrowserGraph, ArrayBuffer>>;
    }
  | {
      type: "embed";
      id: number;
      bundle: string;
      key: string;
      tensors: PlacedTensor[];
      bytes: ArrayBuffer;
    }
  | { type: "decode"; id: number; key: string; prompt: DecodePrompt }
  | { type: "refine"; id: number; bundle: string; input: RefineInput };

export type Reply =
  | { type: "loaded"; id: number }
  | { type: "embedded"; id: number; key: string; evicted: string[] }
  | { type: "decoded"; id: number; answer: DecodeAnswer }
  | { type: "refined"; id: number; logits: Float32Array }
  | { type: "failed"; id: number; message: string };
