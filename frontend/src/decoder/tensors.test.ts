import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TensorType } from "./bundle";
import { readTensors } from "./tensors";

interface Golden {
  cases: { name: string; dtype: TensorType; shape: number[]; bytes: string; kept: number[] }[];
}
const golden = JSON.parse(readFileSync("../tests/contract/tensors.json", "utf8")) as Golden;

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

describe("an embedding's bytes, as Python wrote them", () => {
  it.each(golden.cases)("$name", ({ dtype, shape, bytes, kept }) => {
    const content = fromHex(bytes);
    const placed = [{ name: "t", shape, dtype, offset: 0, bytes: content.length }];
    const tensor = readTensors(content.buffer as ArrayBuffer, placed).get("t")!;
    expect(tensor.dims).toEqual(shape);
    expect([...tensor.data]).toEqual(kept);
  });

  it("finds every tensor behind others, whatever their sizes", () => {
    const parts = golden.cases.map(({ bytes }) => fromHex(bytes));
    const whole = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 1; // nothing is aligned
    const placed = golden.cases.map(({ name, dtype, shape }, index) => {
      const part = parts[index]!;
      whole.set(part, offset);
      offset += part.length;
      return { name, shape, dtype, offset: offset - part.length, bytes: part.length };
    });
    const tensors = readTensors(whole.buffer, placed);
    for (const { name, kept } of golden.cases) expect([...tensors.get(name)!.data]).toEqual(kept);
  });

  it("refuses int8 without room for its scales", () => {
    const placed = [{ name: "t", shape: [1, 1, 2], dtype: "int8" as const, offset: 0, bytes: 2 }];
    expect(() => readTensors(new ArrayBuffer(6), placed)).toThrow("does not fit");
  });
});
