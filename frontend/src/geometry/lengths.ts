/** Lengths in pixels and in the world's units. Pure. */
import type { Point } from "./spaces";

/** What one pixel of the image measures, per axis. */
export interface PixelSize {
  x: number;
  y: number;
  unit: string;
}

/**
 * What an image's metadata says: `pixel_size` is a number, or [x, y] as DICOM and TIFF may differ;
 * `pixel_unit` its unit. Null when it says nothing that can be used.
 */
export function pixelSizeOf(metadata: Readonly<Record<string, unknown>>): PixelSize | null {
  const said = metadata["pixel_size"];
  const [x, y] = Array.isArray(said) ? [said[0], said[1] ?? said[0]] : [said, said];
  const unit = metadata["pixel_unit"];
  const fine = (value: unknown): value is number => typeof value === "number" && value > 0;
  if (!fine(x) || !fine(y)) return null;
  return { x, y, unit: typeof unit === "string" && unit ? unit.slice(0, 8) : "mm" };
}

/** How far it is from one point of the image to another. */
export function lengthBetween(a: Point, b: Point, size: PixelSize | null): number {
  return Math.hypot((b.x - a.x) * (size?.x ?? 1), (b.y - a.y) * (size?.y ?? 1));
}

/** The largest of 1, 2 and 5 times a power of ten that is not above `most`. */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  const digit = most / power;
  return (digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * power;
}

export function lengthWords(length: number, unit: string): string {
  const digits = length >= 100 ? 0 : length >= 10 ? 1 : 2;
  return `${Number(length.toFixed(length < 0.1 ? 4 : digits)).toLocaleString("en")} ${unit}`;
}

/** "183.2 px" or, with a pixel size, "183.2 px = 45.8 µm". */
export function measureWords(a: Point, b: Point, size: PixelSize | null): string {
  const pixels = lengthWords(lengthBetween(a, b, null), "px");
  return size ? `${lengthWords(lengthBetween(a, b, size), size.unit)} (${pixels})` : pixels;
}
