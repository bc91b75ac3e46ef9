/** What a hand is drawing before it becomes pixels. Image space. */
import type { Point } from "./spaces";

/** Where a round brush was. */
export interface Dab {
  x: number;
  y: number;
  radius: number;
}

export type Draft =
  /** `dabs` grows in place while the stroke goes on. */
  | { kind: "stroke"; dabs: readonly Dab[]; erases: boolean }
  /** `trail` leads to where the next vertex would be; `hot` is the vertex under the pointer, or -1. */
  | {
      kind: "polygon";
      vertices: readonly Point[];
      trail: readonly Point[];
      hot: number;
      erases: boolean;
    }
  | { kind: "scribble"; line: readonly Point[]; label: 0 | 1 }
  | { kind: "cut"; dabs: readonly Dab[] }
  | { kind: "measure"; from: Point; to: Point };
