/** What there is to draw. The canvas reads it and changes nothing. */
import type { AnnotationRecord } from "../document/records";
import type { PromptView } from "../prompting/prompter";
import type { Dab, Draft } from "../geometry/draft";
import type { Viewport } from "../geometry/spaces";
import type { PixelLevels } from "./pixels";

export interface Scene {
  pixels: PixelLevels | null;
  width: number;
  height: number;
  viewport: Viewport;
  annotations: readonly AnnotationRecord[];
  colourOf(annotation: AnnotationRecord): string;
  isHidden(annotation: AnnotationRecord): boolean;
  selected: string | null;
  isSelected(annotation: AnnotationRecord): boolean;
  hovered: string | null;
  /** Masks that cannot be changed are hatched. */
  locked: boolean;
  masksVisible: boolean;
  /** 0 shows outlines only, 1 is the normal fill. */
  opacity: number;
  prompt: PromptView;
  /** Colour of the object being made: its label's. */
  promptColour: string;
  /** A box being dragged, in image space. */
  draftBox: [number, number, number, number] | null;
  /** Prompt point under the pointer. */
  hotPoint: number;
  draft: Draft | null;
  /** The brush under the pointer. */
  brush: Dab | null;
}
