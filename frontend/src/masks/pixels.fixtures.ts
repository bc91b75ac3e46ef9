/** Small masks for property tests: drawn by a seeded die, written as pixels. */
import { bitmapToRuns, runsToBitmap, type Runs } from "./rle";

export type Size = [number, number];

/** Numbers from 0 to 1, the same ones for the same seed. */
export function die(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 4294967296;
  };
}

export function randomRuns(roll: () => number, [height, width]: Size): Runs {
  const share = roll();
  const data = Uint8Array.from({ length: height * width }, () => (roll() < share ? 1 : 0));
  return bitmapToRuns({ x: 0, y: 0, width, height, data }, [height, width]);
}

export function runsOfRows(rows: readonly string[]): Runs {
  const data = Uint8Array.from(rows.flatMap((row) => [...row].map((c) => (c === "#" ? 1 : 0))));
  const [height, width] = [rows.length, rows[0]!.length];
  return bitmapToRuns({ x: 0, y: 0, width, height, data }, [height, width]);
}

export function rowsOf(runs: Runs, [height, width]: Size): string[] {
  const { data } = runsToBitmap(runs, height, [0, 0, width, height]);
  return Array.from({ length: height }, (_, y) =>
    [...data.subarray(y * width, (y + 1) * width)].map((bit) => (bit ? "#" : ".")).join(""),
  );
}

/** The mask whose pixels answer `isSet`: the slow statement of what a function should do. */
export function runsWhere([height, width]: Size, isSet: (x: number, y: number) => boolean): Runs {
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (isSet(x, y) ? "#" : ".")).join(""),
  );
  return runsOfRows(rows);
}

export const isSetIn = (runs: Runs, size: Size) => {
  const rows = rowsOf(runs, size);
  return (x: number, y: number) => rows[y]?.[x] === "#";
};
