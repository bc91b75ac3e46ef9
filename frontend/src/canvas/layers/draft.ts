/** What a hand is drawing: a stroke before it is pixels, and the brush under the pointer. */
import type { Dab, Draft } from "../../geometry/draft";
import { imageToScreen, type Point } from "../../geometry/spaces";
import type { Scene } from "../scene";
import type { CanvasTheme } from "../theme";
import { drawMeasure } from "./guides";
import { drawScribble } from "./prompt";

const STROKE_FILL = 0.5;

export function drawDraftLayer(
  context: CanvasRenderingContext2D,
  scene: Scene,
  theme: CanvasTheme,
  ratio: number,
): void {
  if (scene.draft) DRAWN[scene.draft.kind](context, scene, scene.draft as never, theme, ratio);
  if (scene.brush) drawBrush(context, scene, scene.brush);
}

type Draw<K extends Draft["kind"]> = (
  context: CanvasRenderingContext2D,
  scene: Scene,
  draft: Extract<Draft, { kind: K }>,
  theme: CanvasTheme,
  ratio: number,
) => void;

const DRAWN: { [K in Draft["kind"]]: Draw<K> } = {
  stroke: drawStroke,
  polygon: drawPolygon,
  cut: drawCut,
  scribble: (context, scene, { line, label }, theme) => {
    drawScribble(context, scene, line, label, theme);
  },
  measure: drawMeasure,
};

function drawStroke(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { dabs, erases }: Extract<Draft, { kind: "stroke" }>,
  theme: CanvasTheme,
  ratio: number,
): void {
  const { viewport, width, height, pixels } = scene;
  const path = strokePath(dabs);
  context.save();
  context.translate(viewport.x, viewport.y);
  context.scale(viewport.scale, viewport.scale);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  if (erases) {
    // The picture shows through where the mask is taken away.
    context.lineWidth = 3 / viewport.scale;
    context.strokeStyle = theme.negative;
    context.stroke(path);
    context.clip(path, "nonzero");
    pixels?.draw(context, 0, 0, width, height, ratio * viewport.scale);
  } else {
    context.globalAlpha = STROKE_FILL;
    context.fillStyle = scene.promptColour;
    context.fill(path, "nonzero");
  }
  context.restore();
}

let grown: { dabs: readonly Dab[]; count: number; path: Path2D } | null = null;

/** The stroke's outline in image space. A stroke grows in place, and so does its path. */
function strokePath(dabs: readonly Dab[]): Path2D {
  if (grown?.dabs !== dabs) grown = { dabs, count: 0, path: new Path2D() };
  for (; grown.count < dabs.length; grown.count += 1) {
    const to = dabs[grown.count]!;
    addCapsule(grown.path, dabs[Math.max(0, grown.count - 1)]!, to);
  }
  return grown.path;
}

/** Two half circles and the lines between them, always the same way round. */
function addCapsule(path: Path2D, from: Dab, to: Dab): void {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const quarter = Math.PI / 2;
  path.moveTo(
    from.x + from.radius * Math.cos(angle + quarter),
    from.y + from.radius * Math.sin(angle + quarter),
  );
  path.arc(from.x, from.y, from.radius, angle + quarter, angle + 3 * quarter);
  path.arc(to.x, to.y, to.radius, angle - quarter, angle + quarter);
  path.closePath();
}

const VERTEX = 7;

function drawPolygon(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { vertices, trail, hot, erases }: Extract<Draft, { kind: "polygon" }>,
  theme: CanvasTheme,
): void {
  const colour = erases ? theme.negative : scene.promptColour;
  const places = vertices.map((vertex) => imageToScreen(scene.viewport, vertex));
  const next = trail.map((point) => imageToScreen(scene.viewport, point));
  const path = pathThrough([...places, ...next]);
  path.closePath();
  context.globalAlpha = 0.3;
  context.fillStyle = colour;
  context.fill(path, "evenodd");
  context.globalAlpha = 1;
  twoLines(context, path, colour);
  places.forEach(({ x, y }, index) => {
    const side = index === hot ? VERTEX + 3 : VERTEX;
    context.fillStyle = "#ffffff";
    context.fillRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
    context.fillStyle = index === hot ? theme.accent : colour;
    context.fillRect(x - side / 2, y - side / 2, side, side);
  });
}

function drawCut(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { dabs }: Extract<Draft, { kind: "cut" }>,
  theme: CanvasTheme,
): void {
  const path = pathThrough(dabs.map((dab) => imageToScreen(scene.viewport, dab)));
  context.setLineDash([6, 4]);
  twoLines(context, path, theme.negative);
  context.setLineDash([]);
}

function pathThrough(places: readonly Point[]): Path2D {
  const path = new Path2D();
  for (const { x, y } of places) path.lineTo(x, y);
  return path;
}

/** White under the colour: seen on dark and on light. */
function twoLines(context: CanvasRenderingContext2D, path: Path2D, colour: string): void {
  context.lineJoin = "round";
  context.strokeStyle = "#ffffff";
  context.lineWidth = 3.5;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.stroke(path);
}

function drawBrush(context: CanvasRenderingContext2D, scene: Scene, brush: Dab): void {
  const { x, y } = imageToScreen(scene.viewport, brush);
  const radius = Math.max(1, brush.radius * scene.viewport.scale);
  for (const [colour, width] of [
    ["rgb(0 0 0 / 55%)", 3],
    ["#ffffff", 1],
  ] as const) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}
