import { describe, expect, it } from "vitest";

import { eventAt, hostOf } from "./host.fixtures";
import { PointTool } from "./point-tool";
import { TapOrPan } from "./press";
import type { ToolEvent } from "./tool";

function setUp(under: string | null = null) {
  const { host, prompter, log } = hostOf(under);
  const tool = new PointTool(host);
  const at = eventAt;
  const click = (x: number, y: number, change: Partial<ToolEvent> = {}) => {
    tool.down(at(x, y, change));
    tool.up(at(x, y, change));
  };
  const prompts = () => prompter.view.get().prompts;
  return { tool, prompter, at, click, prompts, log };
}

describe("point tool", () => {
  it("asks on the press, before the button is released", () => {
    const { tool, at, prompts } = setUp();
    tool.down(at(10, 10));
    expect(prompts()?.points).toEqual([{ x: 10, y: 10, label: 1 }]);
  });

  it("takes right and Alt clicks as negative", () => {
    const { click, prompts } = setUp();
    click(10, 10);
    click(30, 30, { button: 2 });
    click(50, 50, { alt: true });
    expect(prompts()?.points.map((point) => point.label)).toEqual([1, 0, 0]);
  });

  it("turns a press that is dragged into a box, clipped to the image", () => {
    const { tool, at, prompts } = setUp();
    tool.down(at(60, 40));
    tool.move(at(70, 50), true);
    tool.up(at(130, 20));
    expect(prompts()?.points).toEqual([]);
    expect(prompts()?.boxes).toEqual([[60, 20, 100, 40]]);
  });

  it("drags a box by its corner", () => {
    const { tool, at, prompts } = setUp();
    tool.down(at(10, 10));
    tool.move(at(40, 40), true);
    tool.up(at(40, 40));
    tool.down(at(40, 40));
    tool.move(at(50, 60), true);
    tool.up(at(50, 60));
    expect(prompts()?.boxes).toEqual([[10, 10, 50, 60]]);
  });

  it("moves a point that is dragged, and removes one with a right click", () => {
    const { tool, at, click, prompts } = setUp();
    click(10, 10);
    tool.down(at(11, 10));
    tool.move(at(40, 40), true);
    tool.up(at(40, 40));
    expect(prompts()?.points).toEqual([{ x: 40, y: 40, label: 1 }]);
    click(40, 40, { button: 2 });
    expect(prompts()).toBeNull();
  });

  it("ignores clicks beside the image", () => {
    const { click, prompts } = setUp();
    click(-3, 10);
    expect(prompts()).toBeNull();
  });

  it("opens an object's prompts with a double-click, not a second point", () => {
    const { click, prompts, log } = setUp("a1");
    click(10, 10);
    click(10, 10, { double: true });
    expect(log).toEqual(["reopen a1"]);
    expect(prompts()).toBeNull();
  });

  it("a drag with Shift is a scribble, with Ctrl a box of its own; a click with Shift is a point", () => {
    const { tool, at, prompts, log } = setUp();
    tool.down(at(10, 10, { shift: true }));
    tool.move(at(20, 10, { shift: true }), true);
    tool.move(at(30, 10, { shift: true }), true);
    tool.up(at(30, 10, { shift: true }));
    expect(prompts()?.scribbles.map(({ label }) => label)).toEqual([1]);
    expect(prompts()?.scribbles[0]?.points[0]).toEqual([10, 10]);
    tool.down(at(50, 50, { shift: true, button: 2 }));
    tool.up(at(50, 50, { shift: true, button: 2 }));
    expect(prompts()?.points).toEqual([{ x: 50, y: 50, label: 0 }]);
    tool.down(at(5, 5, { ctrl: true }));
    tool.move(at(25, 15, { ctrl: true }), true);
    tool.up(at(25, 15, { ctrl: true }));
    expect(log.at(-1)).toBe("box 5,5,25,15");
  });
});

describe("Space and the middle button", () => {
  it("accept when tapped, and never after a move or 250 ms", () => {
    const press = new TapOrPan();
    press.begin(0);
    expect(press.end(249)).toBe(true);
    press.begin(0);
    expect(press.end(250)).toBe(false);
    press.begin(0);
    press.pan();
    expect(press.end(10)).toBe(false);
    press.begin(0);
    press.drop();
    expect(press.end(10)).toBe(false);
  });

  it("counts a held key's repeats as one press", () => {
    const press = new TapOrPan();
    press.begin(0);
    press.begin(200);
    expect(press.end(300)).toBe(false);
  });
});
