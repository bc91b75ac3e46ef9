import { describe, expect, it } from "vitest";

import type { AnnotationRecord } from "../document/records";
import { differences, touches } from "./mask-sheet";

const record = (id: string) => ({ id }) as AnnotationRecord;

describe("the sheet of many masks", () => {
  it("finds what came, what went and what was replaced", () => {
    const [a, b, c] = [record("a"), record("b"), record("c")];
    const changed = record("b");
    expect(differences([a!, b!], [a!, changed, c!])).toEqual([b, changed, c]);
    expect(differences([a!, b!], [a!, b!])).toEqual([]);
  });

  it("knows which boxes reach into a part of the image", () => {
    expect(touches([10, 10, 5, 5], [0, 0, 12, 12])).toBe(true);
    expect(touches([10, 10, 5, 5], [16, 0, 30, 30])).toBe(false);
    expect(touches([0, 0, 100, 100], [40, 40, 41, 41])).toBe(true);
  });
});
