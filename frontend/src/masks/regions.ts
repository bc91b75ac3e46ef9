/**
 * Parts and holes of a mask, found on its runs: a mask of twelve megapixels costs what its outline
 * costs. Parts hang together over corners too; holes do not leak through corners.
 */
import { areaOf, bboxOf, type Runs } from "./rle";

type Size = readonly [number, number];

/** A stretch of one column: rows top <= y < bottom. */
interface Span {
  column: number;
  top: number;
  bottom: number;
}

interface Part {
  spans: Span[];
  area: number;
}

/** The connected parts of a mask, the largest first. */
export function partsOf(runs: Runs, size: Size): Runs[] {
  return groups(spansOf(runs, size[0]), 1)
    .sort((a, b) => b.area - a.area)
    .map((part) => runsOfSpans(part.spans, size));
}

export function largestPart(runs: Runs, size: Size): Runs {
  return partsOf(runs, size)[0] ?? runs;
}

/** Leaves out parts of fewer pixels; the largest part always stays. */
export function withoutSpecks(runs: Runs, size: Size, leastArea: number): Runs {
  const parts = groups(spansOf(runs, size[0]), 1);
  const largest = Math.max(0, ...parts.map((part) => part.area));
  const kept = parts.filter((part) => part.area >= leastArea || part.area === largest);
  return kept.length === parts.length
    ? runs
    : runsOfSpans(
        kept.flatMap((p) => p.spans),
        size,
      );
}

/** Closes holes of at most so many pixels; what is open to the image's edge is no hole. */
export function withoutHoles(runs: Runs, size: Size, mostArea = Infinity): Runs {
  if (areaOf(runs) === 0) return runs;
  const [x0, y0, width, height] = bboxOf(runs, size[0]);
  const [x1, y1] = [x0 + width, y0 + height];
  const foreground = spansOf(runs, size[0]);
  const gaps: Span[] = [];
  let at = 0;
  for (let column = x0; column < x1; column += 1) {
    let top = y0;
    for (; at < foreground.length && foreground[at]!.column === column; at += 1) {
      if (foreground[at]!.top > top) gaps.push({ column, top, bottom: foreground[at]!.top });
      top = foreground[at]!.bottom;
    }
    if (top < y1) gaps.push({ column, top, bottom: y1 });
  }
  const onEdge = ({ column, top, bottom }: Span) =>
    column === x0 || column === x1 - 1 || top === y0 || bottom === y1;
  const holes = groups(gaps, 0).filter((gap) => gap.area <= mostArea && !gap.spans.some(onEdge));
  if (holes.length === 0) return runs;
  return runsOfSpans([...foreground, ...holes.flatMap((hole) => hole.spans)], size);
}

/** Foreground stretches by column, in order. */
function spansOf(runs: Runs, height: number): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (let i = 0; i < runs.length; i += 1) {
    const end = at + runs[i]!;
    for (let from = at; i % 2 === 1 && from < end;) {
      const column = Math.floor(from / height);
      const to = Math.min(end, (column + 1) * height);
      spans.push({ column, top: from - column * height, bottom: to - column * height });
      from = to;
    }
    at = end;
  }
  return spans;
}

/** Joins stretches of neighbouring columns that meet; `reach` 1 lets corners meet. */
function groups(spans: readonly Span[], reach: 0 | 1): Part[] {
  const parent = Int32Array.from(spans, (_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parent[root] !== root) root = parent[root] = parent[parent[root]!]!;
    return root;
  };
  let left = 0;
  for (let i = 0; i < spans.length; i += 1) {
    const { column, top, bottom } = spans[i]!;
    while (
      spans[left]!.column < column - 1 ||
      (spans[left]!.column === column - 1 && spans[left]!.bottom + reach <= top)
    ) {
      left += 1;
    }
    for (let j = left; j < i && spans[j]!.column === column - 1; j += 1) {
      if (spans[j]!.top >= bottom + reach) break;
      parent[rootOf(j)] = rootOf(i);
    }
  }
  const parts = new Map<number, Part>();
  spans.forEach((span, index) => {
    const root = rootOf(index);
    const part = parts.get(root) ?? { spans: [], area: 0 };
    parts.set(root, part);
    part.spans.push(span);
    part.area += span.bottom - span.top;
  });
  return [...parts.values()];
}

function runsOfSpans(spans: readonly Span[], [height, width]: Size): Runs {
  const ordered = [...spans].sort((a, b) => a.column - b.column || a.top - b.top);
  const runs: number[] = [];
  let at = 0;
  for (const { column, top, bottom } of ordered) {
    const from = column * height + top;
    // A stretch that goes on where the last one ended belongs to the same run.
    if (runs.length > 0 && from === at) runs[runs.length - 1]! += bottom - top;
    else runs.push(from - at, bottom - top);
    at = column * height + bottom;
  }
  if (at < height * width || runs.length === 0) runs.push(height * width - at);
  return Uint32Array.from(runs);
}
