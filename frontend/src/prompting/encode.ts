/** Prompts in image space to what the decoder eats, in model space. */
import type { DecodePrompt } from "../decoder/protocol";
import { askedPoints, type Prompts } from "../document/recipe";
import { sampledAlong } from "../geometry/polyline";
import { imageToModel, type ModelFrame, type Point } from "../geometry/spaces";
import type { PromptTarget } from "./prompter";

const BOX_TOP_LEFT = 2;
const BOX_BOTTOM_RIGHT = 3;

const USUAL_RULE = { spacing_image_px_of_long_side: 0.02, max_points: 12 };

/** The points of a scribble, by the bundle's rule. */
export function alongLine(line_image: readonly Point[], target: PromptTarget | null) {
  const { spacing_image_px_of_long_side: share, max_points } =
    target?.manifest.scribble_rule ?? USUAL_RULE;
  const longSide = target ? Math.max(target.frame.imageWidth, target.frame.imageHeight) : 1000;
  return sampledAlong(line_image, share * longSide, max_points).map(
    ({ x, y }): [number, number] => [Math.round(x * 100) / 100, Math.round(y * 100) / 100],
  );
}

/** SAM's order: points, then the box's corners. A model that wants a padding point adds its own. */
export function encodePrompts(
  frame: ModelFrame,
  prompts: Prompts,
  maskInput: Float32Array | null,
): DecodePrompt {
  const coords: number[] = [];
  const labels: number[] = [];
  const push = (x: number, y: number, label: number) => {
    const p_model = imageToModel(frame, { x, y });
    coords.push(p_model.x, p_model.y);
    labels.push(label);
  };
  for (const point of askedPoints(prompts)) push(point.x, point.y, point.label);
  const box = prompts.boxes.at(-1);
  if (box) {
    push(box[0], box[1], BOX_TOP_LEFT);
    push(box[2], box[3], BOX_BOTTOM_RIGHT);
  }
  return {
    coords: Float32Array.from(coords),
    labels: Float32Array.from(labels),
    maskInput,
    validSize: [frame.newHeight, frame.newWidth],
  };
}
