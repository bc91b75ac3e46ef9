import { describe, expect, it } from "vitest";

import { BrushTool } from "./brush-tool";
import { eventAt, hostOf } from "./host.fixtures";

describe("brush and eraser", () => {
  it("paint once, when the button is let go", () => {
    const { host, log } = hostOf();
    const tool = new BrushTool(host, "brush");
    tool.down(eventAt(10, 10));
    tool.move(eventAt(20, 10), true);
    expect(log).toEqual([]);
    tool.up();
    expect(log).toEqual(["paint 10,10r2.5,20,10r2.5"]);
  });

  it("turn into each other with Alt and the right button", () => {
    const { host, log } = hostOf();
    const [brush, eraser] = [new BrushTool(host, "brush"), new BrushTool(host, "eraser")];
    for (const [tool, change] of [
      [brush, { alt: true }],
      [brush, { button: 2 }],
      [eraser, {}],
      [eraser, { button: 2 }],
    ] as const) {
      tool.down(eventAt(1, 1, change));
      tool.up();
    }
    expect(log.map((line) => line.split(" ")[0])).toEqual(["erase", "erase", "erase", "paint"]);
  });

  it("go straight on from the last stroke with Shift", () => {
    const { host, log } = hostOf();
    const tool = new BrushTool(host, "brush");
    tool.down(eventAt(5, 5));
    tool.up();
    tool.down(eventAt(50, 5, { shift: true }));
    tool.up();
    expect(log[1]).toBe("paint 5,5r2.5,50,5r2.5");
  });

  it("draw thinner under a light pen and grow by the wheel", () => {
    const { host, log } = hostOf();
    const tool = new BrushTool(host, "brush");
    tool.down(eventAt(5, 5, { pressure: 0 }));
    tool.up();
    for (let turn = 0; turn < 40; turn += 1) tool.resize(false);
    expect(host.brushSize()).toBe(1);
    tool.resize(true);
    expect(host.brushSize()).toBe(2);
    expect(log).toEqual(["paint 5,5r0.625"]);
  });

  it("drop the stroke that Escape or another tool interrupts", () => {
    const { host, log } = hostOf();
    const tool = new BrushTool(host, "brush");
    tool.down(eventAt(5, 5));
    expect(tool.cancel()).toBe(true);
    tool.up();
    tool.down(eventAt(5, 5));
    tool.leave();
    tool.up();
    expect(log).toEqual([]);
    expect(tool.cancel()).toBe(false);
  });
});
