/** Outlines of masks as paths in image space, traced once per mask and thinned for small scales. */
import { thin, traceRuns, type Polygon } from "../masks/contour";
import { runsOf } from "../masks/decoded";
import type { MaskRecord } from "../document/records";

interface Paths {
  polygons: Polygon[];
  /** By thinning level: 0 exact, n drops detail below 2^(n-1) image pixels. */
  levels: Path2D[];
}

const cache = new WeakMap<MaskRecord, Paths>();

export function polygonsToPath(polygons: readonly Polygon[]): Path2D {
  const path = new Path2D();
  for (const polygon of polygons) {
    path.moveTo(polygon[0]!, polygon[1]!);
    for (let i = 2; i < polygon.length; i += 2) path.lineTo(polygon[i]!, polygon[i + 1]!);
    // Not closePath: its cost grows with the whole path, and a wild mask has thousands of parts.
    path.lineTo(polygon[0]!, polygon[1]!);
  }
  return path;
}

/** The mask's outline, as detailed as `scale` (screen pixels per image pixel) can show. */
export function maskPath(mask: MaskRecord, scale: number): Path2D {
  let entry = cache.get(mask);
  if (!entry) {
    entry = { polygons: traceRuns(runsOf(mask), mask.size[0], mask.bbox), levels: [] };
    cache.set(mask, entry);
  }
  const level = scale >= 0.75 ? 0 : Math.min(5, Math.ceil(Math.log2(0.75 / scale)));
  let path = entry.levels[level];
  if (!path) {
    const tolerance = 2 ** (level - 1);
    const shown = level === 0 ? entry.polygons : entry.polygons.map((p) => thin(p, tolerance));
    path = polygonsToPath(shown);
    entry.levels[level] = path;
  }
  return path;
}
