/** What there is to draw. The canvas reads it and changes nothing. */
import type { AnnotationRecord } from "../document/records";
import type { PromptView } from "../prompting/prompter";
import type { Proposal } from "../document/proposals";
import type { Dab, Draft } from "../geometry/draft";
import type { PixelSize } from "../geometry/lengths";
import type { Viewport } from "../geometry/spaces";
import type { PixelLevels } from "./pixels";

export interface Scene {
  pixels: PixelLevels | null;
  width: number;
  height: number;
  viewport: Viewport;
  annotations: readonly AnnotationRecord[];
  colourOf(annotation: AnnotationRecord): string;
  /** Another value when `colourOf` answers differently for the same object. */
  colourKey: string;
  hidden: ReadonlySet<string>;
  /** Ids of the selected objects. */
  chosen: ReadonlySet<string>;
  hovered: string | null;
  /** Masks that cannot be changed are hatched. */
  locked: boolean;
  masksVisible: boolean;
  /** 0 shows outlines only, 1 is the normal fill. */
  opacity: number;
  /** Outlines without a fill. */
  wireframe: boolean;
  minimap: boolean;
  rulers: boolean;
  /** The pixel grid from 8x on. */
  grid: boolean;
  pixelSize: PixelSize | null;
  prompt: PromptView;
  /** Colour of the object being made: its label's. */
  promptColour: string;
  /** A box being dragged, in image space. */
  draftBox: [number, number, number, number] | null;
  /** Prompt point under the pointer. */
  hotPoint: number;
  /** Boxes whose masks are on their way. */
  boxesWaiting: readonly (readonly [number, number, number, number])[];
  draft: Draft | null;
  /** Masks that nobody has taken, the largest first. */
  proposals: readonly Proposal[];
  litProposals: ReadonlySet<number>;
  /** The brush under the pointer. */
  brush: Dab | null;
}
