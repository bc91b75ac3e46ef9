/** How picture and masks are looked at. It changes nothing that is saved, and stays from image to image. */
import type { AnnotationRecord, LabelRecord } from "../document/records";

export type Channel = "all" | "red" | "green" | "blue";
export type ColourBy = "label" | "object" | "confidence";

export interface Look {
  /** -1 to 1; 0 leaves the picture as it is. */
  brightness: number;
  contrast: number;
  /** 1 leaves the picture as it is; above 1 dark parts become brighter. */
  gamma: number;
  channel: Channel;
  invert: boolean;
  colourBy: ColourBy;
  /** Outlines without a fill. */
  wireframe: boolean;
  minimap: boolean;
  rulers: boolean;
  /** The pixel grid from 8x on. */
  grid: boolean;
}

export const PLAIN: Look = {
  brightness: 0,
  contrast: 0,
  gamma: 1,
  channel: "all",
  invert: false,
  colourBy: "label",
  wireframe: false,
  minimap: false,
  rulers: false,
  grid: true,
};

/** Whether the picture's own pixels are shown. */
export function isUnfiltered({ brightness, contrast, gamma, channel, invert }: Look): boolean {
  return brightness === 0 && contrast === 0 && gamma === 1 && channel === "all" && !invert;
}

/**
 * The picture's values 0 to 1 through the look, as `count` equidistant points of the curve:
 * contrast turns it about the middle, brightness lifts it, gamma bends it, invert mirrors it.
 */
export function curveOf(look: Look, count = 33): number[] {
  const slope = look.contrast >= 0 ? 1 / (1 - 0.95 * look.contrast) : 1 + look.contrast;
  return Array.from({ length: count }, (_, i) => {
    const straight = (i / (count - 1) - 0.5) * slope + 0.5 + look.brightness;
    const bent = Math.min(1, Math.max(0, straight)) ** (1 / look.gamma);
    return look.invert ? 1 - bent : bent;
  });
}

const NO_LABEL = "#98a2b3";
const coloursOf = new WeakMap<readonly LabelRecord[], Map<string, string>>();

export function labelColour(labels: readonly LabelRecord[], id: string | null): string {
  let colours = coloursOf.get(labels);
  if (!colours) {
    colours = new Map(labels.map((label) => [label.id, label.colour]));
    coloursOf.set(labels, colours);
  }
  return colours.get(id ?? "") ?? NO_LABEL;
}

export function colourOf(
  annotation: AnnotationRecord,
  by: ColourBy,
  labels: readonly LabelRecord[],
): string {
  if (by === "object") return ownColour(annotation.id);
  if (by === "confidence") return confidenceColour(confidenceIn(annotation));
  return labelColour(labels, annotation.label);
}

/** Neighbours in time get hues far apart; the last digits of an id are random. */
function ownColour(id: string): string {
  const number = Number.parseInt(id.slice(-4), 16) || 0;
  return `hsl(${(number * 137.5) % 360} 70% ${55 + (number % 3) * 8}%)`;
}

/** The model's own estimate of the mask it made last; null for masks made by hand. */
export function confidenceIn({ recipe }: AnnotationRecord): number | null {
  const step = [...(recipe?.steps ?? [])].reverse().find((one) => one.type === "decode");
  if (step?.type !== "decode") return null;
  const { iou_predictions, candidate } = step as { iou_predictions: number[]; candidate: number };
  return iou_predictions[candidate] ?? null;
}

/** From doubt to trust in colours that colour-blind people tell apart; grey by hand. */
export function confidenceColour(confidence: number | null): string {
  if (confidence === null) return NO_LABEL;
  const at = Math.min(1, Math.max(0, (confidence - 0.5) * 2)) * 2;
  const [from, to] = at < 1 ? [RAMP[0], RAMP[1]] : [RAMP[1], RAMP[2]];
  const mixed = from.map((value, i) =>
    Math.round(value + (to[i]! - value) * (at % 1 || +(at === 2))),
  );
  return `rgb(${mixed.join(" ")})`;
}

const RAMP = [
  [213, 94, 0],
  [240, 228, 66],
  [86, 180, 233],
] as const;
