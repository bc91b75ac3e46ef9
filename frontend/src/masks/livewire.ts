/**
 * Intelligent scissors: the cheapest way from a seed to every pixel of a small grey picture, where
 * walking along strong edges is cheap. One search answers for every place of the pointer.
 */
export interface Wire {
  width: number;
  height: number;
  /** For every pixel the one before it on the way from the seed; the seed has itself. */
  previous: Int32Array;
  /** Strength of the edge at every pixel, 0 to 1. */
  edges: Float32Array;
}

/** Cost of a step off any edge, beside that of the step itself. */
const OFF_EDGE = 40;
const STRAIGHT = 10;
const DIAGONAL = 14;
/** Above the dearest step: as many buckets answer for all costs in flight. */
const BUCKETS = 128;

export function wireFrom(
  grey: Uint8Array,
  width: number,
  height: number,
  seed: { x: number; y: number },
): Wire {
  const edges = edgesOf(grey, width, height);
  const previous = new Int32Array(width * height).fill(-1);
  const cost = new Int32Array(width * height).fill(0x7fffffff);
  const buckets: number[][] = Array.from({ length: BUCKETS }, () => []);
  const start = seed.y * width + seed.x;
  previous[start] = start;
  cost[start] = 0;
  buckets[0]!.push(start);
  const settled = new Uint8Array(width * height);
  let waiting = 1;
  for (let now = 0; waiting > 0; now += 1) {
    const bucket = buckets[now % BUCKETS]!;
    for (let at = bucket.pop(); at !== undefined; at = bucket.pop()) {
      waiting -= 1;
      if (settled[at]) continue;
      settled[at] = 1;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny += 1) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx += 1) {
          const next = ny * width + nx;
          if (settled[next]) continue;
          const step = nx === x || ny === y ? STRAIGHT : DIAGONAL;
          const total = now + Math.ceil((step * (1 + OFF_EDGE * (1 - edges[next]!))) / 10);
          if (total >= cost[next]!) continue;
          cost[next] = total;
          previous[next] = at;
          buckets[total % BUCKETS]!.push(next);
          waiting += 1;
        }
      }
    }
  }
  return { width, height, previous, edges };
}

/** The way from the seed to a pixel, both included. */
export function wayTo({ width, previous }: Wire, x: number, y: number): { x: number; y: number }[] {
  const way: { x: number; y: number }[] = [];
  for (let at = y * width + x; ; at = previous[at]!) {
    way.push({ x: at % width, y: Math.floor(at / width) });
    if (previous[at] === at) return way.reverse();
  }
}

/** The strongest edge within `reach` of a pixel; the pixel itself where there is none. */
export function strongestNear(wire: Wire, x: number, y: number, reach: number) {
  let best = { x, y };
  let most = 0.35;
  for (let ny = Math.max(0, y - reach); ny <= Math.min(wire.height - 1, y + reach); ny += 1) {
    for (let nx = Math.max(0, x - reach); nx <= Math.min(wire.width - 1, x + reach); nx += 1) {
      const edge = wire.edges[ny * wire.width + nx]!;
      if (edge <= most || Math.hypot(nx - x, ny - y) > reach) continue;
      most = edge;
      best = { x: nx, y: ny };
    }
  }
  return best;
}

/** Gradient by Sobel, as a share of the strongest in the picture. */
function edgesOf(grey: Uint8Array, width: number, height: number): Float32Array {
  const edges = new Float32Array(width * height);
  const at = (x: number, y: number) =>
    grey[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  let most = 1;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const right = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1);
      const left = at(x - 1, y - 1) + 2 * at(x - 1, y) + at(x - 1, y + 1);
      const below = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1);
      const above = at(x - 1, y - 1) + 2 * at(x, y - 1) + at(x + 1, y - 1);
      const edge = Math.hypot(right - left, below - above);
      edges[y * width + x] = edge;
      most = Math.max(most, edge);
    }
  }
  for (let i = 0; i < edges.length; i += 1) edges[i]! /= most;
  return edges;
}
