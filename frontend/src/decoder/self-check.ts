/**
 * Whether this browser's decoder computes what it should: the shipped bundle, an embedding made by
 * a formula, and what onnxruntime answered on the server's kind of machine (reference.json, written
 * by `python -m tests.contract.selftest`).
 */
import type { BundleManifest } from "./bundle";
import type { DecoderClient, BundleGraphs } from "./client";
import type { DecodeAnswer } from "./protocol";
import reference from "./reference.json";
import type { PlacedTensor } from "./tensors";

export const REFERENCE_BUNDLE = reference.bundle;

export interface ReferenceCase {
  coords: number[];
  labels: number[];
  iou_predictions: number[];
  areas: number[];
  /** Foreground pixels of each row, by candidate. */
  rows: number[][];
}

/** Of a mask's pixels that may lie elsewhere: the last bit of a float is not the same everywhere. */
const PIXEL_TOLERANCE = 0.01;
const SCORE_TOLERANCE = 0.01;

/** Waves, channel by channel; the same in tests/contract/selftest.py. */
export function waves([, channels = 1, height = 1, width = 1]: readonly number[]): Float32Array {
  const out = new Float32Array(channels * height * width);
  let at = 0;
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < height; y += 1) {
      const upright = Math.cos(((c % 5) + 1) * (y / height) * 3 - c);
      for (let x = 0; x < width; x += 1) {
        out[at++] = Math.sin(((c % 7) + 1) * (x / width) * 3 + c) * upright;
      }
    }
  }
  return out;
}

/** How far an answer is from the reference, in words; null when it agrees. */
export function disagreement(
  answer: Pick<DecodeAnswer, "logits" | "iou_predictions" | "candidates" | "height" | "width">,
  expected: ReferenceCase,
): string | null {
  const { logits, iou_predictions, candidates, height, width } = answer;
  if (candidates !== expected.areas.length) return `${candidates} masks instead of 4.`;
  for (let candidate = 0; candidate < candidates; candidate += 1) {
    const score = iou_predictions[candidate]!;
    if (!(Math.abs(score - expected.iou_predictions[candidate]!) <= SCORE_TOLERANCE)) {
      return `mask ${candidate + 1} is scored ${score.toFixed(3)}.`;
    }
    let away = 0;
    for (let y = 0; y < height; y += 1) {
      let count = 0;
      for (let x = 0; x < width; x += 1) {
        if (logits[(candidate * height + y) * width + x]! > 0) count += 1;
      }
      away += Math.abs(count - expected.rows[candidate]![y]!);
    }
    if (away > Math.max(8, PIXEL_TOLERANCE * expected.areas[candidate]!)) {
      return `mask ${candidate + 1} differs in ${away} pixels.`;
    }
  }
  return null;
}

function placed(manifest: BundleManifest): { tensors: PlacedTensor[]; bytes: ArrayBuffer } {
  const parts = manifest.tensors.map((spec) => ({ spec, data: waves(spec.shape) }));
  const bytes = new ArrayBuffer(parts.reduce((sum, { data }) => sum + data.byteLength, 0));
  let offset = 0;
  const tensors = parts.map(({ spec, data }): PlacedTensor => {
    new Float32Array(bytes, offset, data.length).set(data);
    const tensor = { ...spec, dtype: "float32" as const, offset, bytes: data.byteLength };
    offset += data.byteLength;
    return tensor;
  });
  return { tensors, bytes };
}

/** Decodes every reference prompt. Resolves to the disagreement in words (or null) and the time. */
export async function selfCheck(
  decoder: Pick<DecoderClient, "load" | "embed" | "decode">,
  bundle: BundleGraphs,
): Promise<{ problem: string | null; ms: number }> {
  await decoder.load(bundle);
  const { tensors, bytes } = placed(bundle.manifest);
  await decoder.embed(bundle.id, "self-check", tensors, bytes);
  let slowest = 0;
  for (const expected of reference.cases as ReferenceCase[]) {
    const answer = await decoder.decode("self-check", {
      coords: Float32Array.from(expected.coords),
      labels: Float32Array.from(expected.labels),
      maskInput: null,
    });
    const problem = answer ? disagreement(answer, expected) : "it gave no answer.";
    if (problem) return { problem, ms: slowest };
    slowest = Math.max(slowest, answer!.ms);
  }
  return { problem: null, ms: slowest };
}
