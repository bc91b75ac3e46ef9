/**
 * Accepted objects: 40 % fill, an outline that stays 1.5 px at any zoom. Up to a few hundred are
 * drawn as they are; more go through a sheet, and only what is pointed at or selected is drawn anew.
 */
import type { AnnotationRecord } from "../../document/records";
import { byStacking } from "../../document/stacking";
import type { Size } from "../../geometry/viewport";
import { maskPath } from "../mask-paths";
import { MaskSheet } from "../mask-sheet";
import type { Scene } from "../scene";

const FILL = 0.4;
/** On top of the fill that is there: 55 % together. */
const FILL_HOVER = 0.25;
const OUTLINE = 1.5;
const OUTLINE_SELECTED = 2.5;
const HALO = 5;
const MANY = 300;

export class MasksLayer {
  private readonly sheet = new MaskSheet(drawMask);
  private known: { key: readonly unknown[]; shown: readonly AnnotationRecord[] } | null = null;

  /** True when another frame would show more. */
  draw(context: CanvasRenderingContext2D, scene: Scene, screen: Size, ratio: number): boolean {
    if (!scene.masksVisible) return false;
    const shown = this.shown(scene);
    const few = shown.length <= MANY;
    const more = !few && this.sheet.draw(context, scene, shown, styleOf(scene), screen, ratio);
    if (few) this.sheet.dispose();
    const { viewport } = scene;
    context.save();
    context.translate(viewport.x, viewport.y);
    context.scale(viewport.scale, viewport.scale);
    if (few) for (const annotation of shown) drawMask(context, scene, annotation);
    for (const annotation of shown) {
      if (annotation.id === scene.hovered) drawHover(context, scene, annotation);
    }
    if (!manySelected(scene)) {
      for (const annotation of shown) {
        if (scene.chosen.has(annotation.id)) drawSelected(context, scene, annotation);
      }
    }
    context.restore();
    return more;
  }

  /** Large ones first, so that a small object on a large one can be seen and hit. */
  private shown({ annotations, hidden, prompt }: Scene): readonly AnnotationRecord[] {
    const key = [annotations, hidden, prompt.reopened];
    if (!this.known?.key.every((value, i) => value === key[i])) {
      const shown = annotations
        .filter(({ id, mask }) => id !== prompt.reopened && !hidden.has(id) && mask.area > 0)
        .sort(byStacking);
      this.known = { key, shown };
    }
    return this.known!.shown;
  }
}

/** So many that drawing them anew in every frame would be felt: they go onto the sheet. */
const manySelected = (scene: Scene) => scene.chosen.size > MANY;

function styleOf(scene: Scene): readonly unknown[] {
  return [
    scene.colourKey,
    scene.opacity,
    scene.wireframe,
    scene.locked,
    manySelected(scene) ? scene.chosen : null,
  ];
}

/** A mask as it looks when nobody points at it. */
function drawMask(
  context: CanvasRenderingContext2D,
  scene: Scene,
  annotation: AnnotationRecord,
): void {
  const { scale } = scene.viewport;
  const { mask } = annotation;
  const [x, y, width, height] = mask.bbox;
  const colour = scene.colourOf(annotation);
  const filled = !scene.wireframe && scene.opacity > 0;
  if (width * scale < 2 && height * scale < 2) {
    // A speck: its box is all that can be seen.
    context.fillStyle = colour;
    context.fillRect(x, y, Math.max(width, 1 / scale), Math.max(height, 1 / scale));
    return;
  }
  const path = maskPath(mask, scale);
  if (filled) {
    context.globalAlpha = FILL * scene.opacity;
    context.fillStyle = colour;
    context.fill(path, "evenodd");
    if (scene.locked) hatch(context, path, scale, colour);
    context.globalAlpha = 1;
  }
  context.lineJoin = "round";
  if (manySelected(scene) && scene.chosen.has(annotation.id)) {
    return drawSelected(context, scene, annotation);
  }
  context.strokeStyle = colour;
  context.lineWidth = OUTLINE / scale;
  context.stroke(path);
}

function drawHover(
  context: CanvasRenderingContext2D,
  scene: Scene,
  annotation: AnnotationRecord,
): void {
  context.globalAlpha = FILL_HOVER * (scene.wireframe ? 1 : scene.opacity);
  context.fillStyle = scene.colourOf(annotation);
  context.fill(maskPath(annotation.mask, scene.viewport.scale), "evenodd");
  context.globalAlpha = 1;
}

function drawSelected(
  context: CanvasRenderingContext2D,
  scene: Scene,
  annotation: AnnotationRecord,
): void {
  const { scale } = scene.viewport;
  const path = maskPath(annotation.mask, scale);
  context.lineJoin = "round";
  context.strokeStyle = "rgb(255 255 255 / 90%)";
  context.lineWidth = HALO / scale;
  context.stroke(path);
  context.strokeStyle = scene.colourOf(annotation);
  context.lineWidth = OUTLINE_SELECTED / scale;
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
