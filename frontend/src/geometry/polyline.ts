/** Vertices and edges under the pointer. Pure; distances are in screen pixels. */
import { imageToScreen, type Point, type Viewport } from "./spaces";

/** The edge within `radius` of the pointer, by the index of its first vertex, or -1. */
export function nearestEdge(
  vertices_image: readonly Point[],
  closed: boolean,
  pointer_screen: Point,
  viewport: Viewport,
  radius: number,
): number {
  const places = vertices_image.map((vertex) => imageToScreen(viewport, vertex));
  const edges = closed ? places.length : places.length - 1;
  let best = -1;
  let bestDistance = radius;
  for (let at = 0; at < edges; at += 1) {
    const distance = fromSegment(pointer_screen, places[at]!, places[(at + 1) % places.length]!);
    if (distance > bestDistance) continue;
    best = at;
    bestDistance = distance;
  }
  return best;
}

export function fromSegment(p: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((p.x - a.x) * dx + (p.y - a.y) * dy) / square;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/** Points `spacing` apart along a line, its ends among them; fewer and wider where `most` is less. */
export function sampledAlong(line: readonly Point[], spacing: number, most: number): Point[] {
  const lengths = line.map((point, at) => {
    const before = line[Math.max(0, at - 1)]!;
    return Math.hypot(point.x - before.x, point.y - before.y);
  });
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const pieces = Math.max(1, Math.min(most - 1, Math.floor(total / spacing)));
  let at = 1;
  let passed = 0;
  return Array.from({ length: total === 0 ? 1 : pieces + 1 }, (_, index) => {
    const wanted = (index * total) / pieces;
    while (at < line.length - 1 && passed + lengths[at]! < wanted) passed += lengths[at++]!;
    const [a, b] = [line[at - 1]!, line[at] ?? line[at - 1]!];
    const t = lengths[at] ? Math.min(1, (wanted - passed) / lengths[at]!) : 0;
    return { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
  });
}

/** The line without vertices that lie within `tolerance` of what is left (Douglas and Peucker). */
export function simplified(line: readonly Point[], tolerance: number): Point[] {
  const [first, last] = [line[0], line.at(-1)];
  if (!first || !last || line.length < 3) return [...line];
  let farthest = 0;
  let distance = tolerance;
  for (let at = 1; at < line.length - 1; at += 1) {
    const away = fromSegment(line[at]!, first, last);
    if (away > distance) [farthest, distance] = [at, away];
  }
  if (farthest === 0) return [first, last];
  const before = simplified(line.slice(0, farthest + 1), tolerance);
  return [...before, ...simplified(line.slice(farthest), tolerance).slice(1)];
}

export const flat = (points: readonly Point[]): number[] => points.flatMap(({ x, y }) => [x, y]);

export function pointsOf(polygon: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let i = 0; i + 1 < polygon.length; i += 2) {
    points.push({ x: polygon[i]!, y: polygon[i + 1]! });
  }
  return points;
}
