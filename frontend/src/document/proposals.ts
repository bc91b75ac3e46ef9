/**
 * What the workers propose for an image: read, filtered, hit by the pointer, and turned into the
 * recipe of an object. Pure. The bytes are those of samweb/embeddings/proposal_format.py.
 */
import { maskContains, runsOf } from "../masks/decoded";
import { decodeCounts } from "../masks/rle";
import { boxesMeet, sharedArea } from "../masks/sets";
import { emptyPrompts, type Recipe } from "./recipe";
import type { MaskRecord } from "./records";

/** Above this IoU with an object a proposal is that object. */
export const SAME = 0.7;

export interface Proposal {
  /** Its place in the set. */
  id: number;
  mask: MaskRecord;
  predicted_iou: number;
  stability: number;
  /** The click, in image space, that makes the decoder draw it. */
  point: { x: number; y: number };
  candidate: number;
  view: string;
}

export interface ProposalSet {
  bundle: string;
  threshold: number;
  masks: readonly Proposal[];
}

export interface ProposalFilter {
  /** Least predicted IoU. */
  confidence: number;
  /** Least and largest share of the image, as exponents of 10 (-5 to 0). */
  smallest: number;
  largest: number;
}

export const ALL_PROPOSALS: ProposalFilter = { confidence: 0, smallest: -5, largest: 0 };

/** What one looks at first: what the model is fairly sure of, and not the ground behind it all. */
export const LIKELY_PROPOSALS: ProposalFilter = { confidence: 0.6, smallest: -5, largest: -0.2 };

interface Written {
  counts: string;
  box: [number, number, number, number];
  predicted_iou: number;
  stability: number;
  area: number;
  point: [number, number];
  candidate: number;
  view: string;
}

/** Reads a set for an image of this size. Throws an Error with words for one that does not fit. */
export function readProposals(
  content: ArrayBuffer,
  [height, width]: readonly [number, number],
): ProposalSet {
  const document = JSON.parse(new TextDecoder().decode(content)) as {
    version: number;
    size: [number, number];
    bundle: string;
    threshold: number;
    proposals: Written[];
  };
  if (document.version !== 1) throw new Error("These proposals are of a newer version.");
  if (document.size[0] !== height || document.size[1] !== width) {
    throw new Error("These proposals are of a picture of another size.");
  }
  return {
    bundle: document.bundle,
    threshold: document.threshold,
    masks: document.proposals.map((written, id) => read(written, id, [height, width])),
  };
}

function read(written: Written, id: number, size: [number, number]): Proposal {
  const [x0, y0, x1, y1] = written.box;
  decodeCounts(written.counts, size); // one that does not fill the image is refused here
  const [x, y] = written.point;
  return {
    id,
    mask: {
      size,
      counts: written.counts,
      area: written.area,
      bbox: [x0, y0, x1 - x0, y1 - y0],
    },
    predicted_iou: written.predicted_iou,
    stability: written.stability,
    point: { x, y },
    candidate: written.candidate,
    view: written.view,
  };
}

/** Those that pass the filter and are not objects already; the largest first, as they are drawn. */
export function offered(
  set: ProposalSet,
  filter: ProposalFilter,
  objects: readonly { mask: MaskRecord }[],
): Proposal[] {
  return set.masks
    .filter(({ mask, predicted_iou }) => {
      if (mask.area === 0 || predicted_iou < filter.confidence) return false;
      const share = Math.log10(mask.area / (mask.size[0] * mask.size[1]));
      if (
        (share < filter.smallest && filter.smallest > ALL_PROPOSALS.smallest) ||
        share > filter.largest
      )
        return false;
      return !objects.some((object) => maskIou(object.mask, mask) > SAME);
    })
    .sort((a, b) => b.mask.area - a.mask.area || a.id - b.id);
}

/** Intersection over union; exact only where it can matter, else a bound from areas and boxes. */
export function maskIou(a: MaskRecord, b: MaskRecord): number {
  const bound = Math.min(a.area, b.area) / Math.max(a.area, b.area, 1);
  if (bound <= SAME || !boxesMeet(a.bbox, b.bbox)) return 0;
  const shared = sharedArea(runsOf(a), runsOf(b));
  return shared / (a.area + b.area - shared);
}

/** The smallest one under a point of image space: what lies on top. */
export function proposalAt(
  list: readonly Proposal[],
  point: { x: number; y: number },
): Proposal | null {
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const { bbox } = list[i]!.mask;
    const inside =
      point.x >= bbox[0] &&
      point.y >= bbox[1] &&
      point.x < bbox[0] + bbox[2] &&
      point.y < bbox[1] + bbox[3];
    if (inside && maskContains(list[i]!.mask, point.x, point.y)) return list[i]!;
  }
  return null;
}

/** How a taken proposal was made: the click that a person could have made. */
export function recipeOfProposal(set: ProposalSet, proposal: Proposal): Recipe {
  const iou_predictions = Array.from<number>({ length: proposal.candidate + 1 }).fill(0);
  iou_predictions[proposal.candidate] = proposal.predicted_iou;
  return {
    version: 1,
    steps: [
      {
        type: "decode",
        bundle: set.bundle,
        view: proposal.view,
        prompts: { ...emptyPrompts(), points: [{ ...proposal.point, label: 1 }] },
        feedback_from: null,
        candidate: proposal.candidate,
        iou_predictions,
        stability: proposal.stability,
        threshold: set.threshold,
      },
    ],
  };
}
