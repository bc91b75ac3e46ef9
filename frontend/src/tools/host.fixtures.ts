/** A host that keeps what a tool says, and events at points of a picture shown at twice its size. */
import { Prompter } from "../prompting/prompter";
import type { ToolEvent, ToolHost } from "./tool";

export function hostOf(under: string | null = null, change: Partial<ToolHost> = {}) {
  const prompter = new Prompter(() => new Promise(() => undefined));
  const log: string[] = [];
  let size = 10;
  const host: ToolHost = {
    prompter,
    viewport: () => ({ scale: 2, x: 0, y: 0 }),
    imageSize: () => ({ width: 100, height: 80 }),
    annotationAt: () => under,
    select: (id) => log.push(`select ${id}`),
    toggleSelected: (id) => log.push(`toggle ${id}`),
    selectTouching: (box, add) => log.push(`touch ${box.join(",")} ${add}`),
    setHovered: () => undefined,
    setDraftBox: (box) => log.push(`draft ${box?.join(",") ?? "none"}`),
    setHotPoint: () => undefined,
    setDraft: () => undefined,
    setBrush: () => undefined,
    brushSize: () => size,
    setBrushSize: (next) => (size = next),
    paint: (dabs, erases) =>
      log.push(`${erases ? "erase" : "paint"} ${dabs.map((d) => `${d.x},${d.y}r${d.radius}`)}`),
    trace: (from, to) => [from, to],
    fill: (polygon, erases, reopened) =>
      log.push(
        `${erases ? "erase" : "fill"} ${polygon.join(",")}${reopened ? ` of ${reopened}` : ""}`,
      ),
    boxToMask: (box) => log.push(`box ${box.join(",")}`),
    cut: (line) => log.push(`cut ${line.map((dab) => `${dab.x},${dab.y}`).join(" ")}`),
    reopen: (id) => log.push(`reopen ${id}`),
    proposalAt: () => null,
    lightProposals: (ids) => log.push(`light ${[...ids].join(",")}`),
    takeProposals: (ids) => log.push(`take ${ids.join(",")}`),
    leaveProposals: () => log.push("leave"),
    mayEdit: () => true,
    clicked: () => undefined,
    ...change,
  };
  return { host, prompter, log };
}

export const eventAt = (x: number, y: number, change: Partial<ToolEvent> = {}): ToolEvent => ({
  p_screen: { x: x * 2, y: y * 2 },
  p_image: { x, y },
  button: 0,
  alt: false,
  shift: false,
  double: false,
  pressure: 1,
  ...change,
});
