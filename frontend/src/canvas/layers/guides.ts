/** What helps to find one's way: rulers, the scale bar, a small map of the whole picture. */
import { lengthWords, roundLength, type PixelSize } from "../../geometry/lengths";
import { imageToScreen } from "../../geometry/spaces";
import { visibleRect, type Size } from "../../geometry/viewport";
import type { Scene } from "../scene";
import type { CanvasTheme } from "../theme";

const RULER = 18;
const MAP = 160;
const AWAY = 12;
const FONT = '11px "Inter Variable", Inter, system-ui, sans-serif';

export function drawGuides(
  context: CanvasRenderingContext2D,
  scene: Scene,
  theme: CanvasTheme,
  screen: Size,
): void {
  if (!scene.width) return;
  context.font = FONT;
  if (scene.minimap) drawMinimap(context, scene, theme, screen);
  if (scene.rulers) {
    drawScaleBar(context, scene, screen);
    drawRuler(context, scene, theme, screen, "x");
    drawRuler(context, scene, theme, screen, "y");
  }
}

function drawRuler(
  context: CanvasRenderingContext2D,
  { viewport, width, height, pixelSize }: Scene,
  theme: CanvasTheme,
  screen: Size,
  axis: "x" | "y",
): void {
  const along = axis === "x" ? screen.width : screen.height;
  const unit = pixelSize?.[axis] ?? 1;
  const perUnit = viewport.scale / unit;
  // A labelled tick about every 80 pixels of the screen.
  const step = roundLength(80 / perUnit);
  const origin = axis === "x" ? viewport.x : viewport.y;
  const end = (axis === "x" ? width : height) * unit;
  context.save();
  context.fillStyle = theme.panel;
  if (axis === "x") context.fillRect(0, 0, along, RULER);
  else context.fillRect(0, 0, RULER, along);
  context.fillStyle = theme.muted;
  context.strokeStyle = theme.muted;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.beginPath();
  const first = Math.max(0, Math.ceil(-origin / perUnit / step));
  const last = Math.min(Math.floor(end / step), Math.floor((along - origin) / perUnit / step));
  for (let i = first; i <= last; i += 1) {
    const at = Math.round(i * step * perUnit + origin) + 0.5;
    if (axis === "x") {
      context.moveTo(at, RULER - 5);
      context.lineTo(at, RULER);
      context.fillText(numberWords(i * step), at + 3, RULER / 2);
    } else {
      context.moveTo(RULER - 5, at);
      context.lineTo(RULER, at);
      context.save();
      context.translate(RULER / 2, at - 3);
      context.rotate(-Math.PI / 2);
      context.fillText(numberWords(i * step), 0, 0);
      context.restore();
    }
  }
  context.stroke();
  context.restore();
}

const numberWords = (value: number) => String(Number(value.toPrecision(6)));

function drawScaleBar(
  context: CanvasRenderingContext2D,
  { viewport, pixelSize }: Scene,
  screen: Size,
): void {
  const size: PixelSize = pixelSize ?? { x: 1, y: 1, unit: "px" };
  const perUnit = viewport.scale / size.x;
  const length = roundLength(120 / perUnit);
  const shown = length * perUnit;
  const right = screen.width - AWAY;
  const y = screen.height - AWAY;
  const words = lengthWords(length, size.unit);
  context.textAlign = "right";
  context.textBaseline = "bottom";
  for (const [colour, width] of [
    ["rgb(0 0 0 / 70%)", 4],
    ["#ffffff", 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(right - shown, y);
    context.lineTo(right, y);
    context.stroke();
  }
  context.strokeStyle = "rgb(0 0 0 / 70%)";
  context.lineWidth = 3;
  context.strokeText(words, right, y - 4);
  context.fillStyle = "#ffffff";
  context.fillText(words, right, y - 4);
  context.textAlign = "left";
}

function drawMinimap(
  context: CanvasRenderingContext2D,
  scene: Scene,
  theme: CanvasTheme,
  screen: Size,
): void {
  const { viewport, width, height, pixels } = scene;
  const scale = MAP / Math.max(width, height);
  const mapWidth = width * scale;
  const mapHeight = height * scale;
  const left = AWAY + (scene.rulers ? RULER : 0);
  const top = screen.height - mapHeight - AWAY;
  context.fillStyle = theme.ground;
  context.fillRect(left, top, mapWidth, mapHeight);
  pixels?.draw(context, left, top, mapWidth, mapHeight, 1);
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(left - 0.5, top - 0.5, mapWidth + 1, mapHeight + 1);
  const seen = visibleRect(viewport, scene, screen);
  context.strokeStyle = theme.accent;
  context.lineWidth = 2;
  context.strokeRect(
    left + seen.x0 * scale,
    top + seen.y0 * scale,
    Math.max(2, (seen.x1 - seen.x0) * scale),
    Math.max(2, (seen.y1 - seen.y0) * scale),
  );
}

/** A measured line with its length beside its middle. */
export function drawMeasure(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { from, to }: { from: { x: number; y: number }; to: { x: number; y: number } },
): void {
  const a = imageToScreen(scene.viewport, from);
  const b = imageToScreen(scene.viewport, to);
  for (const [colour, width] of [
    ["rgb(0 0 0 / 70%)", 4],
    ["#ffffff", 1.5],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
    for (const end of [a, b]) {
      context.moveTo(end.x + 4, end.y);
      context.arc(end.x, end.y, 4, 0, 2 * Math.PI);
    }
    context.stroke();
  }
}
