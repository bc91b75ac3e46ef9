/** The tools by name. One more tool is one more file and one more line here. */
import { BrushTool } from "./brush-tool";
import { MeasureTool } from "./measure-tool";
import { PointTool } from "./point-tool";
import { SelectTool } from "./select-tool";
import type { Tool, ToolHost } from "./tool";

const TOOLS = {
  point: (host: ToolHost): Tool => new PointTool(host),
  select: (host: ToolHost): Tool => new SelectTool(host),
  brush: (host: ToolHost): Tool => new BrushTool(host, "brush"),
  eraser: (host: ToolHost): Tool => new BrushTool(host, "eraser"),
  measure: (host: ToolHost): Tool => new MeasureTool(host),
} as const;

export type ToolName = keyof typeof TOOLS;

export function makeTools(host: ToolHost): Readonly<Record<ToolName, Tool>> {
  const made = Object.entries(TOOLS).map(([name, make]) => [name, make(host)]);
  return Object.fromEntries(made) as Record<ToolName, Tool>;
}
