import { describe, expect, it } from "vitest";

import { eventAt, hostOf } from "./host.fixtures";
import { ProposalTool } from "./proposal-tool";

/** A picture of stripes ten pixels wide; the fourth is bare. */
function setUp(mayEdit = true) {
  const { host, log, prompter } = hostOf(null, {
    proposalAt: ({ x }) => (x >= 30 && x < 40 ? null : Math.floor(x / 10)),
    mayEdit: () => mayEdit,
  });
  return { tool: new ProposalTool(host), log, prompter };
}

describe("the proposals tool", () => {
  it("lights what lies under the pointer, once", () => {
    const { tool, log } = setUp();
    tool.move(eventAt(5, 5), false);
    tool.move(eventAt(6, 5), false);
    tool.move(eventAt(35, 5), false);
    expect(log).toEqual(["light 0", "light "]);
  });

  it("takes the clicked one on the release", () => {
    const { tool, log } = setUp();
    tool.down(eventAt(15, 5));
    expect(log.filter((line) => line.startsWith("take"))).toEqual([]);
    tool.up();
    expect(log.at(-1)).toBe("take 1");
  });

  it("takes all that a quick drag went over, in one step", () => {
    const { tool, log } = setUp();
    tool.down(eventAt(5, 5));
    tool.move(eventAt(55, 5), true);
    tool.up();
    expect(log.at(-1)).toBe("take 0,1,2,4,5");
  });

  it("takes the lit one by Enter and goes on; without one nothing happens", () => {
    const { tool, log } = setUp();
    tool.move(eventAt(25, 5), false);
    expect(tool.finish()).toBe(true);
    expect(tool.finish()).toBe(true);
    expect(log.filter((line) => line.startsWith("take"))).toEqual(["take 2"]);
  });

  it("forgets a drag on Escape, and leaves on the next", () => {
    const { tool, log } = setUp();
    tool.down(eventAt(5, 5));
    tool.cancel();
    tool.up();
    expect(log.filter((line) => line.startsWith("take"))).toEqual([]);
    tool.cancel();
    expect(log.at(-1)).toBe("leave");
  });

  it("takes nothing when another tool is chosen, and nothing on a locked image", () => {
    const { tool, log } = setUp();
    tool.move(eventAt(5, 5), false);
    tool.close();
    const locked = setUp(false);
    locked.tool.move(eventAt(5, 5), false);
    locked.tool.down(eventAt(5, 5));
    locked.tool.up();
    locked.tool.finish();
    expect([...log, ...locked.log].filter((line) => line.startsWith("take"))).toEqual([]);
  });
});
