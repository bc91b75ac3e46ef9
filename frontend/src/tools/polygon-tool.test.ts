import { describe, expect, it } from "vitest";

import { eventAt, hostOf } from "./host.fixtures";
import { PolygonTool } from "./polygon-tool";
import type { ToolEvent } from "./tool";

function setUp() {
  const { host, log } = hostOf();
  const tool = new PolygonTool(host);
  const click = (x: number, y: number, change: Partial<ToolEvent> = {}) => {
    tool.down(eventAt(x, y, change));
    tool.up();
  };
  const drag = (from: [number, number], to: [number, number]) => {
    tool.down(eventAt(...from));
    tool.move(eventAt(...to), true);
    tool.up();
  };
  return { tool, click, drag, log };
}

describe("the polygon tool", () => {
  it("closes on Enter, on the first vertex and on a double-click", () => {
    for (const close of ["enter", "first", "double"]) {
      const { tool, click, log } = setUp();
      click(10, 10);
      click(40, 10);
      click(40, 40);
      if (close === "enter") expect(tool.finish()).toBe(true);
      if (close === "first") click(10, 10);
      if (close === "double") click(40, 40, { double: true });
      expect(log).toEqual(["fill 10,10,40,10,40,40"]);
      expect(tool.finish()).toBe(false);
    }
  });

  it("moves vertices, puts new ones into edges and removes them", () => {
    const { tool, click, drag, log } = setUp();
    click(10, 10);
    click(50, 10);
    click(50, 50);
    click(10, 50);
    drag([50, 50], [60, 55]);
    drag([30, 10], [30, 20]);
    click(10, 50, { alt: true });
    tool.finish();
    expect(log).toEqual(["fill 10,10,30,20,50,10,60,55"]);
  });

  it("takes back vertex by vertex, and gives them again", () => {
    const { tool, click, log } = setUp();
    click(10, 10);
    click(50, 10);
    click(50, 50);
    click(10, 50);
    expect(tool.undo()).toBe(true);
    expect(tool.undo()).toBe(true);
    expect(tool.redo()).toBe(true);
    tool.finish();
    expect(log).toEqual(["fill 10,10,50,10,50,50"]);
    expect(tool.undo()).toBe(false);
  });

  it("opened again it changes that object's polygon and adds no vertex beside it", () => {
    const { tool, click, drag, log } = setUp();
    tool.edit([10, 10, 50, 10, 50, 50], false, "a");
    click(80, 70);
    drag([50, 50], [50, 60]);
    tool.finish();
    expect(log).toEqual(["fill 10,10,50,10,50,60 of a"]);
  });

  it("begun with Alt takes away, and Escape drops it", () => {
    const { tool, click, log } = setUp();
    click(10, 10, { alt: true });
    click(50, 10);
    click(50, 50);
    tool.finish();
    click(10, 10);
    expect(tool.cancel()).toBe(true);
    expect(tool.finish()).toBe(false);
    expect(log).toEqual(["erase 10,10,50,10,50,50"]);
  });
});
