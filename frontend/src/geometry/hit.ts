/** What lies under the pointer. Pure; distances are in screen pixels, so zoom does not matter. */
import { imageToScreen, type Point, type Viewport } from "./spaces";

export function pointInImage(p_image: Point, width: number, height: number): boolean {
  return p_image.x >= 0 && p_image.y >= 0 && p_image.x < width && p_image.y < height;
}

/** Index of the nearest point within `radius` screen pixels of the pointer, or -1. */
export function nearestPoint(
  points_image: readonly Point[],
  pointer_screen: Point,
  viewport: Viewport,
  radius: number,
): number {
  let best = -1;
  let bestDistance = radius * radius;
  points_image.forEach((point, index) => {
    const p = imageToScreen(viewport, point);
    const distance = (p.x - pointer_screen.x) ** 2 + (p.y - pointer_screen.y) ** 2;
    if (distance <= bestDistance) {
      best = index;
      bestDistance = distance;
    }
  });
  return best;
}

export type BoxCorner = 0 | 1 | 2 | 3;

/** The corner handle of a box under the pointer: 0 top-left, 1 top-right, 2 bottom-right, 3. */
export function boxCorner(
  box_image: readonly [number, number, number, number],
  pointer_screen: Point,
  viewport: Viewport,
  radius: number,
): BoxCorner | null {
  const [x0, y0, x1, y1] = box_image;
  const corners = [
    { x: x0, y: y0 },
    { x: x1, y: y0 },
    { x: x1, y: y1 },
    { x: x0, y: y1 },
  ];
  const index = nearestPoint(corners, pointer_screen, viewport, radius);
  return index < 0 ? null : (index as BoxCorner);
}

/** The box between two corners, ordered and clipped to the image; null when it has no area. */
export function boxBetween(
  a_image: Point,
  b_image: Point,
  width: number,
  height: number,
): [number, number, number, number] | null {
  const clip = (value: number, max: number) => Math.min(max, Math.max(0, value));
  const x0 = clip(Math.min(a_image.x, b_image.x), width);
  const y0 = clip(Math.min(a_image.y, b_image.y), height);
  const x1 = clip(Math.max(a_image.x, b_image.x), width);
  const y1 = clip(Math.max(a_image.y, b_image.y), height);
  return x1 - x0 < 1 || y1 - y0 < 1 ? null : [x0, y0, x1, y1];
}
