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
  for (const { name, shape, dtype, offset, bytes: length } of placed) {
    const count = shape.reduce((product, side) => product * side, 1);
    const width = dtype === "float16" ? 2 : 4;
    if (count * width !== length || offset + length > bytes.byteLength) {
      throw new Error(`The embedding's tensor ${name} does not fit its bytes.`);
    }
    // slice() also aligns what follows an odd-sized tensor.
    const part = bytes.slice(offset, offset + length);
    const data =
      dtype === "float16" ? float16ToFloat32(new Uint16Array(part)) : new Float32Array(part);
    tensors.set(name, { dims: shape, data });
  }
  return tensors;
}
