import { describe, expect, it } from "vitest";

import { strongestNear, wayTo, wireFrom } from "./livewire";

const SIDE = 80;
const disc = Uint8Array.from({ length: SIDE * SIDE }, (_, at) =>
  Math.hypot((at % SIDE) - 40, Math.floor(at / SIDE) - 40) < 25 ? 200 : 60,
);

describe("the magnetic line", () => {
  it("follows an edge instead of cutting the corner", () => {
    const wire = wireFrom(disc, SIDE, SIDE, { x: 40, y: 15 });
    const way = wayTo(wire, 65, 40);
    expect(way[0]).toEqual({ x: 40, y: 15 });
    expect(way.at(-1)).toEqual({ x: 65, y: 40 });
    for (const { x, y } of way) {
      expect(Math.abs(Math.hypot(x - 40, y - 40) - 25)).toBeLessThan(2.5);
    }
  });

  it("goes straight where there is nothing to follow", () => {
    const wire = wireFrom(new Uint8Array(SIDE * SIDE).fill(90), SIDE, SIDE, { x: 5, y: 5 });
    expect(wayTo(wire, 45, 5)).toEqual(
      Array.from({ length: 41 }, (_, step) => ({ x: 5 + step, y: 5 })),
    );
    expect(wayTo(wire, 5, 5)).toEqual([{ x: 5, y: 5 }]);
  });

  it("is a way of neighbouring pixels to every place of the picture", () => {
    const wire = wireFrom(disc, SIDE, SIDE, { x: 70, y: 70 });
    for (let at = 0; at < SIDE * SIDE; at += 37) {
      const way = wayTo(wire, at % SIDE, Math.floor(at / SIDE));
      way.slice(1).forEach(({ x, y }, index) => {
        const before = way[index]!;
        expect(Math.max(Math.abs(x - before.x), Math.abs(y - before.y))).toBe(1);
      });
    }
  });

  it("its end jumps to a strong edge nearby, and to nothing weak", () => {
    const wire = wireFrom(disc, SIDE, SIDE, { x: 40, y: 15 });
    const { x, y } = strongestNear(wire, 60, 40, 6);
    expect(Math.abs(Math.hypot(x - 40, y - 40) - 25)).toBeLessThan(1.5);
    expect(strongestNear(wire, 40, 40, 6)).toEqual({ x: 40, y: 40 });
  });
});
