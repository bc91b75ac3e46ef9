/** Accepted objects: 40 % fill, an outline that stays 1.5 px at any zoom. */
import type { AnnotationRecord } from "../../document/records";
import { byStacking } from "../../document/stacking";
import { maskPath } from "../mask-paths";
import type { Scene } from "../scene";

const FILL = 0.4;
const FILL_HOVER = 0.55;
const OUTLINE = 1.5;
const OUTLINE_SELECTED = 2.5;
const HALO = 5;

export function drawMasksLayer(context: CanvasRenderingContext2D, scene: Scene): void {
  if (!scene.masksVisible) return;
  const { viewport } = scene;
  context.save();
  context.translate(viewport.x, viewport.y);
  context.scale(viewport.scale, viewport.scale);
  const visible = scene.annotations.filter(
    (annotation) => annotation.id !== scene.prompt.reopened && !scene.isHidden(annotation),
  );
  // Large ones first, so that a small object on a large one can be seen and hit.
  const ordered = [...visible].sort(byStacking);
  for (const annotation of ordered) {
    if (!scene.isSelected(annotation)) drawMask(context, scene, annotation);
  }
  for (const annotation of ordered) {
    if (scene.isSelected(annotation)) drawMask(context, scene, annotation);
  }
  context.restore();
}

function drawMask(
  context: CanvasRenderingContext2D,
  scene: Scene,
  annotation: AnnotationRecord,
): void {
  if (annotation.mask.area === 0) return;
  const { scale } = scene.viewport;
  const path = maskPath(annotation.mask, scale);
  const colour = scene.colourOf(annotation);
  const hovered = annotation.id === scene.hovered;
  const selected = scene.isSelected(annotation);
  context.lineJoin = "round";
  context.globalAlpha = (hovered ? FILL_HOVER : FILL) * scene.opacity;
  context.fillStyle = colour;
  if (context.globalAlpha > 0) context.fill(path, "evenodd");
  if (scene.locked && scene.opacity > 0) hatch(context, path, scale, colour);
  context.globalAlpha = 1;
  if (selected) {
    context.strokeStyle = "rgb(255 255 255 / 90%)";
    context.lineWidth = HALO / scale;
    context.stroke(path);
  }
  context.strokeStyle = colour;
  context.lineWidth = (selected ? OUTLINE_SELECTED : OUTLINE) / scale;
  context.stroke(path);
}

const HATCH_STEP = 10;
const hatches = new Map<string, CanvasPattern | null>();

function hatch(
  context: CanvasRenderingContext2D,
  path: Path2D,
  scale: number,
  colour: string,
): void {
  let pattern = hatches.get(colour);
  if (pattern === undefined) {
    const tile = document.createElement("canvas");
    tile.width = HATCH_STEP;
    tile.height = HATCH_STEP;
    const pen = tile.getContext("2d");
    if (pen) {
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5;
      for (const shift of [-HATCH_STEP, 0, HATCH_STEP]) {
        pen.moveTo(shift, HATCH_STEP);
        pen.lineTo(shift + HATCH_STEP, 0);
      }
      pen.stroke();
    }
    pattern = context.createPattern(tile, "repeat");
    hatches.set(colour, pattern);
  }
  if (!pattern) return;
  pattern.setTransform(new DOMMatrix([1 / scale, 0, 0, 1 / scale, 0, 0]));
  context.globalAlpha = 0.55;
  context.fillStyle = pattern;
  context.fill(path, "evenodd");
}
