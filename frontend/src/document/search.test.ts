import { describe, expect, it } from "vitest";

import type { AnnotationRecord, LabelRecord } from "./records";
import { EVERYTHING, isNarrow, search, type ObjectFilter } from "./search";

const label = (id: string, name: string): LabelRecord => ({
  id,
  name,
  colour: "#e69f00",
  kind: "thing",
  parent: null,
  order: 0,
  hotkey: "",
  version: 1,
  attribute_schema: { attributes: [{ name: "grade", type: "text", required: name === "apple" }] },
});

const record = (id: string, change: Partial<AnnotationRecord> = {}) =>
  ({
    id,
    label: "a",
    attributes: {},
    author: { id: "ben", name: "Ben" },
    verdict: null,
    ...change,
  }) as AnnotationRecord;

const records = [
  record("1"),
  record("2", { label: "l", author: { id: "cleo", name: "Cleo" } }),
  record("3", { attributes: { grade: "Extra" } }),
  record("4", { label: null, verdict: { verdict: "rejected" } as AnnotationRecord["verdict"] }),
];

function ids(filter: Partial<ObjectFilter>, hidden: string[] = [], locked: string[] = []) {
  const labels = [label("a", "apple"), label("l", "leaf")];
  const around = { labels, hidden: new Set(hidden), locked: new Set(locked) };
  return search(records, { ...EVERYTHING, ...filter }, around).map((one) => one.annotation.id);
}

describe("searching objects", () => {
  it("finds by label, author, attribute and number, all words at once", () => {
    expect(ids({ words: "LEAF" })).toEqual(["2"]);
    expect(ids({ words: "cleo leaf" })).toEqual(["2"]);
    expect(ids({ words: "cleo apple" })).toEqual([]);
    expect(ids({ words: "grade:extra" })).toEqual(["3"]);
    expect(ids({ words: "#4" })).toEqual(["4"]);
    expect(ids({ words: "no label" })).toEqual(["4"]);
  });

  it("filters by label, author, verdict, what is missing, hidden and locked", () => {
    expect(ids({ label: "a" })).toEqual(["1", "3"]);
    expect(ids({ author: "cleo" })).toEqual(["2"]);
    expect(ids({ state: "rejected" })).toEqual(["4"]);
    expect(ids({ state: "unjudged" })).toEqual(["1", "2", "3"]);
    expect(ids({ state: "incomplete" })).toEqual(["1"]);
    expect(ids({ hidden: true }, ["2"])).toEqual(["2"]);
    expect(ids({ locked: false }, [], ["1", "2"])).toEqual(["3", "4"]);
  });

  it("keeps each object's number in the image", () => {
    const around = { labels: [], hidden: new Set<string>(), locked: new Set<string>() };
    const found = search(records, { ...EVERYTHING, author: "cleo" }, around);
    expect(found.map((one) => one.number)).toEqual([2]);
  });

  it("knows whether anything is filtered", () => {
    expect(isNarrow(EVERYTHING)).toBe(false);
    expect(isNarrow({ ...EVERYTHING, locked: false })).toBe(true);
  });
});
