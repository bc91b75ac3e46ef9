import { describe, expect, it } from "vitest";

import type { AnnotationRecord, LabelRecord } from "../document/records";
import { colourOf, confidenceColour, curveOf, isUnfiltered, PLAIN } from "./look";

const rounded = (values: number[]) => values.map((value) => Math.round(value * 100) / 100);

describe("looking at a picture", () => {
  it("leaves the pixels alone unless asked", () => {
    expect(rounded(curveOf(PLAIN, 5))).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(isUnfiltered({ ...PLAIN, minimap: true, wireframe: true })).toBe(true);
    expect(isUnfiltered({ ...PLAIN, gamma: 1.1 })).toBe(false);
  });

  it("lifts, steepens, bends and mirrors the curve", () => {
    expect(rounded(curveOf({ ...PLAIN, brightness: 0.25 }, 3))).toEqual([0.25, 0.75, 1]);
    expect(rounded(curveOf({ ...PLAIN, contrast: -1 }, 3))).toEqual([0.5, 0.5, 0.5]);
    expect(rounded(curveOf({ ...PLAIN, contrast: 1 }, 5))).toEqual([0, 0, 0.5, 1, 1]);
    expect(rounded(curveOf({ ...PLAIN, gamma: 2 }, 3))).toEqual([0, 0.71, 1]);
    expect(rounded(curveOf({ ...PLAIN, invert: true }, 3))).toEqual([1, 0.5, 0]);
  });
});

describe("colours of objects", () => {
  const labels = [{ id: "a", colour: "#e69f00" }] as LabelRecord[];
  const record = (id: string, label: string | null) =>
    ({ id, label, recipe: null }) as unknown as AnnotationRecord;

  it("are the label's, each object's own, or the model's trust", () => {
    expect(colourOf(record("1", "a"), "label", labels)).toBe("#e69f00");
    expect(colourOf(record("1", null), "label", labels)).toBe("#98a2b3");
    expect(colourOf(record("0001", "a"), "object", labels)).not.toBe(
      colourOf(record("0002", "a"), "object", labels),
    );
    expect(colourOf(record("1", "a"), "confidence", labels)).toBe("#98a2b3");
  });

  it("go from vermilion over yellow to blue as the model trusts itself", () => {
    expect(confidenceColour(0.2)).toBe("rgb(213 94 0)");
    expect(confidenceColour(0.75)).toBe("rgb(240 228 66)");
    expect(confidenceColour(1)).toBe("rgb(86 180 233)");
  });
});
