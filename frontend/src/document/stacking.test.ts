import { describe, expect, it } from "vitest";

import type { AnnotationRecord } from "./records";
import { back, front, stackKey } from "./stacking";

describe("what lies above what", () => {
  it("goes by the latest word, with all others between", () => {
    const keys: Record<string, string> = { a: "", b: "", c: "", d: "a1" };
    const all = () => Object.values(keys).map((order_key) => ({ order_key }) as AnnotationRecord);
    const order = () =>
      Object.keys(keys).sort((x, y) =>
        stackKey({ order_key: keys[x]! }) < stackKey({ order_key: keys[y]! }) ? -1 : 1,
      );
    keys["a"] = front(all());
    keys["b"] = front(all());
    keys["c"] = back(all());
    expect(order().slice(-2)).toEqual(["a", "b"]);
    keys["a"] = front(all());
    keys["b"] = back(all());
    expect(order().at(-1)).toBe("a");
    expect(order().indexOf("b")).toBeLessThan(order().indexOf("c"));
  });
});
