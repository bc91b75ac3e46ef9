/** Prompts in image space to what the decoder eats, in model space. */
import type { DecodePrompt } from "../decoder/protocol";
import type { Prompts } from "../document/recipe";
import { imageToModel, type ModelFrame } from "../geometry/spaces";

const BOX_TOP_LEFT = 2;
const BOX_BOTTOM_RIGHT = 3;

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
  for (const point of prompts.points) push(point.x, point.y, point.label);
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
