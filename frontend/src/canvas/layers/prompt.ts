/** The object being made: ghost or prompt mask, points, box with handles. Drawn above all. */
import { imageToScreen, type Point } from "../../geometry/spaces";
import { logitContours } from "../../masks/isoline";
import type { PromptView } from "../../prompting/prompter";
import { polygonsToPath } from "../mask-paths";
import type { Scene } from "../scene";
import type { CanvasTheme } from "../theme";
import { cellsAsPixels, drawCells, isWild } from "./wild-ghost";

const GHOST_FILL = 0.3;
const PROMPT_FILL = 0.45;
const POINT = 9;
const HANDLE = 6;

type Shown = { path: Path2D } | { cells: OffscreenCanvas };
let traced: { mask: PromptView["mask"]; colour: string; shown: Shown } | null = null;

function shownOf(mask: NonNullable<PromptView["mask"]>, colour: string): Shown {
  if (traced?.mask !== mask || traced.colour !== colour) {
    const { low, threshold } = mask;
    const shown = isWild(low, threshold)
      ? { cells: cellsAsPixels(low, threshold, colour) }
      : { path: polygonsToPath(logitContours(low, threshold)) };
    traced = { mask, colour, shown };
  }
  return traced.shown;
}

export function drawPromptLayer(
  context: CanvasRenderingContext2D,
  scene: Scene,
  theme: CanvasTheme,
): void {
  const { prompt } = scene;
  if (prompt.mask) drawGhost(context, scene, prompt.mask);
  const boxes = [...(prompt.prompts?.boxes ?? [])];
  if (scene.draftBox) boxes.push(scene.draftBox);
  for (const box of boxes) drawBox(context, scene, box, theme);
  context.setLineDash([5, 4]);
  for (const box of scene.boxesWaiting) drawBox(context, scene, box, theme);
  context.setLineDash([]);
  for (const { label, points } of prompt.prompts?.scribbles ?? []) {
    const line = points.map(([x, y]) => ({ x, y }));
    drawScribble(context, scene, line, label, theme);
  }
  prompt.prompts?.points.forEach((point, index) => {
    const { x, y } = imageToScreen(scene.viewport, point);
    drawPoint(context, x, y, point.label === 1, index === scene.hotPoint, theme);
  });
}

function drawGhost(
  context: CanvasRenderingContext2D,
  scene: Scene,
  mask: NonNullable<PromptView["mask"]>,
): void {
  const { viewport, width, height } = scene;
  const hover = scene.prompt.kind === "hover";
  const shown = shownOf(mask, scene.promptColour);
  context.save();
  context.translate(viewport.x, viewport.y);
  context.scale(viewport.scale, viewport.scale);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.fillStyle = scene.promptColour;
  context.globalAlpha = hover ? GHOST_FILL : PROMPT_FILL;
  if ("cells" in shown) drawCells(context, shown.cells, mask.low);
  else drawOutline(context, shown.path, scene, hover);
  context.restore();
}

function drawOutline(
  context: CanvasRenderingContext2D,
  path: Path2D,
  { viewport, promptColour }: Scene,
  hover: boolean,
): void {
  context.fill(path, "evenodd");
  context.lineJoin = "round";
  context.globalAlpha = hover ? 0.55 : 0.9;
  context.strokeStyle = "#ffffff";
  context.lineWidth = (hover ? 2.5 : 4) / viewport.scale;
  context.stroke(path);
  context.globalAlpha = 1;
  context.strokeStyle = promptColour;
  context.lineWidth = (hover ? 1.5 : 2) / viewport.scale;
  if (hover) context.setLineDash([6 / viewport.scale, 4 / viewport.scale]);
  context.stroke(path);
}

function drawPoint(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  positive: boolean,
  hot: boolean,
  theme: CanvasTheme,
): void {
  const radius = (hot ? POINT + 3 : POINT) / 2 + 0.5;
  context.beginPath();
  context.arc(x, y, radius + 1.5, 0, 2 * Math.PI);
  context.fillStyle = "#ffffff";
  context.shadowColor = "rgb(0 0 0 / 45%)";
  context.shadowBlur = 4;
  context.fill();
  context.shadowBlur = 0;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = positive ? theme.positive : theme.negative;
  context.fill();
  const arm = radius - 2;
  context.beginPath();
  context.moveTo(x - arm, y);
  context.lineTo(x + arm, y);
  if (positive) {
    context.moveTo(x, y - arm);
    context.lineTo(x, y + arm);
  }
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.5;
  context.stroke();
}

/** A line that says what belongs to the object, or does not. */
export function drawScribble(
  context: CanvasRenderingContext2D,
  scene: Scene,
  line_image: readonly Point[],
  label: 0 | 1,
  theme: CanvasTheme,
): void {
  const path = new Path2D();
  for (const point of line_image) {
    const { x, y } = imageToScreen(scene.viewport, point);
    path.lineTo(x, y);
  }
  context.lineJoin = "round";
  context.lineCap = "round";
  for (const [colour, width] of [
    ["#ffffff", 6],
    [label === 1 ? theme.positive : theme.negative, 3],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(path);
  }
  context.lineCap = "butt";
}

function drawBox(
  context: CanvasRenderingContext2D,
  scene: Scene,
  box: readonly [number, number, number, number],
  theme: CanvasTheme,
): void {
  const a = imageToScreen(scene.viewport, { x: box[0], y: box[1] });
  const b = imageToScreen(scene.viewport, { x: box[2], y: box[3] });
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 35%)";
  context.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y);
  context.lineWidth = 1;
  context.strokeStyle = "#ffffff";
  context.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y);
  for (const [x, y] of [
    [a.x, a.y],
    [b.x, a.y],
    [b.x, b.y],
    [a.x, b.y],
  ] as const) {
    context.fillStyle = "#ffffff";
    context.fillRect(x - HANDLE / 2 - 1, y - HANDLE / 2 - 1, HANDLE + 2, HANDLE + 2);
    context.fillStyle = theme.accent;
    context.fillRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE);
  }
}
