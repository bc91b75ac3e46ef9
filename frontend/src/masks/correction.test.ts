import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { corrected } from "./correction";

interface Golden {
  low: number;
  input_size: number;
  before: number[];
  decoded: number[];
  cases: { click: [number, number]; positive: boolean; on: number[]; sum: number }[];
}
const golden = JSON.parse(readFileSync("../tests/contract/correction.json", "utf8")) as Golden;

describe("a later click", () => {
  const size = { width: golden.low, height: golden.low };
  for (const { click, positive, on, sum } of golden.cases) {
    it(`corrects as the golden file says at ${click.join(", ")}`, () => {
      const found = corrected(
        Float32Array.from(golden.before),
        Float32Array.from(golden.decoded),
        size,
        { x: click[0], y: click[1], positive },
        golden.input_size,
      );
      const lit = [...found.keys()].filter((at) => found[at]! > 0);
      expect(lit).toEqual(on);
      expect(found.reduce((total, logit) => total + logit, 0)).toBeCloseTo(sum, 2);
    });
  }
});
