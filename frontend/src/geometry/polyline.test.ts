import { describe, expect, it } from "vitest";

import { nearestEdge, sampledAlong } from "./polyline";

describe("points along a line", () => {
  it("are evenly spaced, with both ends, and never more than asked for", () => {
    const bent = [
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 10, y: 20 },
    ];
    expect(sampledAlong(bent, 10, 12)).toEqual([
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 10, y: 10 },
      { x: 10, y: 20 },
    ]);
    expect(sampledAlong(bent, 1, 3)).toEqual([
      { x: 0, y: 0 },
      { x: 10, y: 5 },
      { x: 10, y: 20 },
    ]);
    expect(sampledAlong([{ x: 4, y: 4 }], 10, 12)).toEqual([{ x: 4, y: 4 }]);
    expect(
      sampledAlong(
        [
          { x: 4, y: 4 },
          { x: 4, y: 4 },
        ],
        10,
        12,
      ),
    ).toEqual([{ x: 4, y: 4 }]);
  });
});

describe("edges under the pointer", () => {
  const corners = [
    { x: 0, y: 0 },
    { x: 50, y: 0 },
    { x: 50, y: 50 },
  ];
  const viewport = { scale: 2, x: 0, y: 0 };

  it("are found by their first vertex; the last one counts only when closed", () => {
    expect(nearestEdge(corners, false, { x: 50, y: 3 }, viewport, 5)).toBe(0);
    expect(nearestEdge(corners, false, { x: 50, y: 50 }, viewport, 5)).toBe(-1);
    expect(nearestEdge(corners, true, { x: 50, y: 50 }, viewport, 5)).toBe(2);
  });
});
