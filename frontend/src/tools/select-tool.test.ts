import { describe, expect, it } from "vitest";

import { eventAt, hostOf } from "./host.fixtures";
import { SelectTool } from "./select-tool";

function setUp(under: string | null) {
  const { host, log } = hostOf(under);
  return { tool: new SelectTool(host), log, at: eventAt };
}

describe("the select tool", () => {
  it("selects on a click, adds with Shift or Ctrl, opens on a double-click", () => {
    const { tool, log, at } = setUp("a");
    tool.down(at(5, 5));
    tool.up(at(5, 5));
    tool.down(at(5, 5, { shift: true }));
    tool.up(at(5, 5, { shift: true }));
    tool.down(at(5, 5, { ctrl: true }));
    tool.up(at(5, 5, { ctrl: true }));
    tool.down(at(5, 5, { double: true }));
    expect(log).toEqual(["select a", "toggle a", "toggle a", "select a", "reopen a"]);
  });

  it("selects what a dragged rectangle touches, whichever way it is dragged", () => {
    const { tool, log, at } = setUp(null);
    tool.down(at(30, 20));
    tool.move(at(10, 5), true);
    tool.up(at(10, 5, { shift: true }));
    expect(log).toEqual(["select null", "draft 10,5,30,20", "touch 10,5,30,20 true", "draft none"]);
  });

  it("takes a tremble for a click", () => {
    const { tool, log, at } = setUp("a");
    tool.down(at(30, 20));
    tool.move(at(31, 20), true);
    tool.up(at(31, 20));
    expect(log).toEqual(["select a"]);
  });
});
