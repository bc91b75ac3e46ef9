/** The picture itself, its shadow edge and, deep in, the pixel grid. */
import { visibleRect } from "../../geometry/viewport";
import type { Scene } from "../scene";
import type { CanvasTheme } from "../theme";

const GRID_FROM_SCALE = 8;

export function drawImageLayer(
  context: CanvasRenderingContext2D,
  { viewport, width, height, pixels }: Scene,
  ratio: number,
): void {
  if (!width || !height || !pixels) return;
  context.imageSmoothingEnabled = viewport.scale * ratio < 3;
  context.imageSmoothingQuality = "medium";
  const { x, y, scale } = viewport;
  pixels.draw(context, x, y, width * scale, height * scale, ratio);
}

/** Above the picture, because what is done to its pixels must not touch it. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  scene: Scene,
  theme: CanvasTheme,
  size: { width: number; height: number },
): void {
  const { viewport, width, height } = scene;
  if (!width || !height) return;
  const { x, y, scale } = viewport;
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, y - 0.5, width * scale + 1, height * scale + 1);
  if (scene.grid && scale > GRID_FROM_SCALE) drawGrid(context, scene, size);
}

function drawGrid(
  context: CanvasRenderingContext2D,
  { viewport, width, height }: Scene,
  size: { width: number; height: number },
): void {
  const rect = visibleRect(viewport, { width, height }, size);
  context.beginPath();
  for (let x = Math.ceil(rect.x0); x <= rect.x1; x += 1) {
    const at = Math.round(x * viewport.scale + viewport.x) + 0.5;
    context.moveTo(at, rect.y0 * viewport.scale + viewport.y);
    context.lineTo(at, rect.y1 * viewport.scale + viewport.y);
  }
  for (let y = Math.ceil(rect.y0); y <= rect.y1; y += 1) {
    const at = Math.round(y * viewport.scale + viewport.y) + 0.5;
    context.moveTo(rect.x0 * viewport.scale + viewport.x, at);
    context.lineTo(rect.x1 * viewport.scale + viewport.x, at);
  }
  context.strokeStyle = "rgb(128 128 128 / 22%)";
  context.stroke();
}
