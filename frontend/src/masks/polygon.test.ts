import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { polygonRuns } from "./polygon";
import { encodeCounts } from "./rle";

interface Golden {
  cases: { name: string; size: [number, number]; polygon: number[]; counts: string }[];
}
const golden = JSON.parse(readFileSync("../tests/contract/polygons.json", "utf8")) as Golden;

describe("polygons are the same pixels here and on the server", () => {
  it.each(golden.cases)("$name", ({ size, polygon, counts }) => {
    expect(encodeCounts(polygonRuns(polygon, size))).toBe(counts);
  });
});
