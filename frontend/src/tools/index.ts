/** The tools by name. One more tool is one more file and one more line here. */
import { BrushTool } from "./brush-tool";
import { CutTool } from "./cut-tool";
import { MeasureTool } from "./measure-tool";
import { PointTool } from "./point-tool";
import { PolygonTool } from "./polygon-tool";
import { ProposalTool } from "./proposal-tool";
import { SelectTool } from "./select-tool";
import type { ToolHost } from "./tool";

export function makeTools(host: ToolHost) {
  return {
    point: new PointTool(host),
    select: new SelectTool(host),
    brush: new BrushTool(host, "brush"),
    eraser: new BrushTool(host, "eraser"),
    polygon: new PolygonTool(host),
    cut: new CutTool(host),
    measure: new MeasureTool(host),
    proposal: new ProposalTool(host),
  } as const;
}

export type Tools = ReturnType<typeof makeTools>;
export type ToolName = keyof Tools;
