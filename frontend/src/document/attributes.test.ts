import { describe, expect, it } from "vitest";

import { leftBehind, missingIn, problemOf, withDefaults, type Attribute } from "./attributes";
import type { LabelRecord } from "./records";

const label = (...attributes: Attribute[]): LabelRecord => ({
  id: "l", name: "apple", colour: "#e69f00", kind: "thing", parent: null, order: 0, hotkey: "",
  version: 1, attribute_schema: { attributes },
}); // prettier-ignore

const ripeness: Attribute = {
  name: "ripeness",
  type: "choice",
  options: ["green", "ripe"],
  required: true,
};
const spots: Attribute = { name: "spots", type: "number", min: 0, max: 10, step: 0.5 };
const eaten: Attribute = { name: "eaten", type: "boolean", default: false };

describe("attributes of an object", () => {
  it("says why a value does not fit", () => {
    expect(problemOf(ripeness, "blue")).toContain("one of green, ripe");
    expect(problemOf(spots, 11)).toContain("10 or less");
    expect(problemOf(spots, 0.3)).toContain("steps of 0.5");
    expect(problemOf({ name: "n", type: "text", max_length: 3 }, "four")).toContain("at most 3");
    expect(problemOf(eaten, "no")).toContain("yes or no");
  });

  it("takes what fits, and always the absence of a value", () => {
    expect([problemOf(spots, 2.5), problemOf(ripeness, "ripe"), problemOf(spots, null)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("fills in defaults without touching what was said", () => {
    expect(withDefaults(label(eaten), {})).toEqual({ eaten: false });
    expect(withDefaults(label(eaten), { eaten: true })).toEqual({ eaten: true });
  });

  it("lists required attributes that are missing, false and 0 being answers", () => {
    const all = label({ ...spots, required: true }, { ...eaten, required: true }, ripeness);
    expect(missingIn(all, { spots: 0, eaten: false, ripeness: "" })).toEqual(["ripeness"]);
  });

  it("shows what an older schema left behind", () => {
    expect(leftBehind(label(spots), { spots: 1, grade: "A", gone: null })).toEqual([
      ["grade", "A"],
    ]);
  });
});
