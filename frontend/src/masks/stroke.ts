/**
 * What a round brush covers: every pixel whose centre lies within the brush somewhere along its
 * way, and the pixel it was set down on. Only the touched box is ever looked at.
 */
import type { Dab } from "../geometry/draft";
import type { Bitmap } from "./bitmap";

/** The covered pixels in their box, cut off at the image's edges; null when there are none. */
export function strokeBitmap(
  dabs: readonly Dab[],
  [height, width]: readonly [number, number],
): Bitmap | null {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (const { x, y, radius } of dabs) {
    x0 = Math.min(x0, Math.floor(x - radius));
    y0 = Math.min(y0, Math.floor(y - radius));
    x1 = Math.max(x1, Math.ceil(x + radius) + 1);
    y1 = Math.max(y1, Math.ceil(y + radius) + 1);
  }
  [x0, y0, x1, y1] = [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
  if (x1 <= x0 || y1 <= y0) return null;
  const data = new Uint8Array((x1 - x0) * (y1 - y0));
  const bitmap = { x: x0, y: y0, width: x1 - x0, height: y1 - y0, data };
  dabs.forEach((dab, index) => {
    setDown(bitmap, dab);
    cover(bitmap, dabs[index - 1] ?? dab, dab);
  });
  return bitmap;
}

function setDown(bitmap: Bitmap, { x, y }: Dab): void {
  const [cx, cy] = [Math.floor(x) - bitmap.x, Math.floor(y) - bitmap.y];
  if (cx < 0 || cy < 0 || cx >= bitmap.width || cy >= bitmap.height) return;
  bitmap.data[cy * bitmap.width + cx] = 1;
}

/** From one dab to the next, in pieces, so that a long slanting way does not cost its whole box. */
function cover(bitmap: Bitmap, from: Dab, to: Dab): void {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const most = Math.max(from.radius, to.radius);
  const length = Math.hypot(dx, dy);
  const pieces = Math.max(1, Math.ceil(length / Math.max(4, 2 * most)));
  for (let piece = 0; piece < pieces; piece += 1) {
    const [t0, t1] = [piece / pieces, (piece + 1) / pieces];
    const xs = [from.x + t0 * dx, from.x + t1 * dx];
    const ys = [from.y + t0 * dy, from.y + t1 * dy];
    const left = Math.max(bitmap.x, Math.floor(Math.min(...xs) - most - 0.5));
    const right = Math.min(bitmap.x + bitmap.width, Math.ceil(Math.max(...xs) + most + 0.5));
    const top = Math.max(bitmap.y, Math.floor(Math.min(...ys) - most - 0.5));
    const bottom = Math.min(bitmap.y + bitmap.height, Math.ceil(Math.max(...ys) + most + 0.5));
    for (let y = top; y < bottom; y += 1) {
      const row = (y - bitmap.y) * bitmap.width - bitmap.x;
      for (let x = left; x < right; x += 1) {
        if (bitmap.data[row + x] === 0 && covered(x + 0.5, y + 0.5, from, to)) {
          bitmap.data[row + x] = 1;
        }
      }
    }
  }
}

/** Whether a point is within the brush at the nearest place of the way between two dabs. */
export function covered(x: number, y: number, from: Dab, to: Dab): boolean {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / square;
  const t = Math.min(1, Math.max(0, along));
  const radius = from.radius + t * (to.radius - from.radius);
  const [ex, ey] = [x - from.x - t * dx, y - from.y - t * dy];
  return ex * ex + ey * ey <= radius * radius;
}
