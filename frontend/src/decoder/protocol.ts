/** What the page and the decoder's worker say to each other. Buffers are transferred. */
import type { BrowserGraph, BundleManifest } from "./bundle";
import type { PlacedTensor } from "./tensors";

export interface DecodePrompt {
  /** x, y pairs in model space. */
  coords: Float32Array;
  /** 1 positive, 0 negative, 2 and 3 box corners, -1 padding. */
  labels: Float32Array;
  /** Low-res logits fed back, h * w, or null. */
  maskInput: Float32Array | null;
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
  | { type: "decode"; id: number; key: string; prompt: DecodePrompt };

export type Reply =
  | { type: "loaded"; id: number }
  | { type: "embedded"; id: number; key: string; evicted: string[] }
  | { type: "decoded"; id: number; answer: DecodeAnswer }
  | { type: "failed"; id: number; message: string };
