/** Raw little-endian bytes of an embedding to float32 arrays. */
import type { TensorSpec } from "./bundle";

let halfTable: Float32Array | null = null;

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** float16 to float32 through a table of all 65,536 values. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, half) => halfToFloat(half));
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) out[i] = halfTable[halves[i]!]!;
  return out;
}

/** int8 of shape [1, C, ...]: C little-endian float32 scales, then the numbers; a number is worth
 * its channel's scale. */
export function int8ToFloat32(part: ArrayBuffer, channels: number): Float32Array {
  const scales = new Float32Array(part, 0, channels);
  const numbers = new Int8Array(part, 4 * channels);
  const out = new Float32Array(numbers.length);
  const each = numbers.length / channels;
  for (let channel = 0, i = 0; channel < channels; channel += 1) {
    const scale = scales[channel]!;
    for (const end = (channel + 1) * each; i < end; i += 1) out[i] = numbers[i]! * scale;
  }
  return out;
}

const BYTES_PER_NUMBER = { float16: 2, float32: 4, int8: 1 } as const;

function storedBytes({ shape, dtype }: TensorSpec): number {
  const count = shape.reduce((product, side) => product * side, 1);
  const scales = dtype === "int8" ? 4 * (shape[1] ?? 0) : 0;
  return count * BYTES_PER_NUMBER[dtype] + scales;
}

function widen(part: ArrayBuffer, { shape, dtype }: TensorSpec): Float32Array {
  switch (dtype) {
    case "float16":
      return float16ToFloat32(new Uint16Array(part));
    case "float32":
      return new Float32Array(part);
    case "int8":
      return int8ToFloat32(part, shape[1] ?? 0);
  }
}

export interface PlacedTensor extends TensorSpec {
  offset: number;
  bytes: number;
}

export interface FloatTensor {
  dims: number[];
  data: Float32Array;
}

/** Cuts an embedding's bytes into its tensors; throws when the bytes do not fit the manifest. */
export function readTensors(
  bytes: ArrayBuffer,
  placed: readonly PlacedTensor[],
): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>();
  for (const tensor of placed) {
    const { name, shape, offset, bytes: length } = tensor;
    if (storedBytes(tensor) !== length || offset + length > bytes.byteLength) {
      throw new Error(`The embedding's tensor ${name} does not fit its bytes.`);
    }
    // slice() also aligns what follows an odd-sized tensor.
    const data = widen(bytes.slice(offset, offset + length), tensor);
    tensors.set(name, { dims: shape, data });
  }
  return tensors;
}
