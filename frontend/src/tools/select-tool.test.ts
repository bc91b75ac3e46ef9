import { describe, expect, it } from "vitest";

import { SelectTool } from "./select-tool";
import type { ToolEvent, ToolHost } from "./tool";

function setUp(under: string | null) {
  const log: string[] = [];
  const host = {
    imageSize: () => ({ width: 100, height: 80 }),
    annotationAt: () => under,
    select: (id: string | null) => log.push(`select ${id}`),
    toggleSelected: (id: string) => log.push(`toggle ${id}`),
    selectTouching: (box: number[], add: boolean) => log.push(`touch ${box} ${add}`),
    setHovered: () => undefined,
    setDraftBox: (box: number[] | null) => log.push(`draft ${box}`),
    reopen: (id: string) => log.push(`reopen ${id}`),
    mayEdit: () => true,
  } as unknown as ToolHost;
  const at = (x: number, y: number, change: Partial<ToolEvent> = {}) =>
    ({
      p_screen: { x: x * 2, y: y * 2 },
      p_image: { x, y },
      button: 0,
      alt: false,
      shift: false,
      double: false,
      ...change,
    }) as ToolEvent;
  return { tool: new SelectTool(host), log, at };
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
    expect(log).toEqual(["select null", "draft 10,5,30,20", "touch 10,5,30,20 true", "draft null"]);
  });

  it("takes a tremble for a click", () => {
    const { tool, log, at } = setUp("a");
    tool.down(at(30, 20));
    tool.move(at(31, 20), true);
    tool.up(at(31, 20));
    expect(log).toEqual(["select a"]);
  });
});
