/** Zoom, pan and fit. A viewport is a value; every function returns a new one. */
import { screenToImage, type Point, type Viewport } from "./spaces";

export interface Size {
  width: number;
  height: number;
}

export const MAX_SCALE = 64;

/** The whole image, centred, with a margin in screen pixels; small images grow to 8x at most. */
export function fit(image: Size, screen: Size, margin = 24): Viewport {
  const width = Math.max(1, screen.width - 2 * margin);
  const height = Math.max(1, screen.height - 2 * margin);
  const scale = Math.min(width / image.width, height / image.height, 8);
  return {
    scale,
    x: (screen.width - image.width * scale) / 2,
    y: (screen.height - image.height * scale) / 2,
  };
}

/** Zooms so that the image point under `anchor_screen` stays where it is. */
export function zoomAt(
  viewport: Viewport,
  anchor_screen: Point,
  factor: number,
  minScale: number,
): Viewport {
  const scale = Math.min(MAX_SCALE, Math.max(minScale, viewport.scale * factor));
  const anchor_image = screenToImage(viewport, anchor_screen);
  return {
    scale,
    x: anchor_screen.x - anchor_image.x * scale,
    y: anchor_screen.y - anchor_image.y * scale,
  };
}

export function panBy(viewport: Viewport, delta_screen: Point): Viewport {
  return { ...viewport, x: viewport.x + delta_screen.x, y: viewport.y + delta_screen.y };
}

/** Keeps at least `keep` screen pixels of the image in sight. */
export function clampPan(viewport: Viewport, image: Size, screen: Size, keep = 64): Viewport {
  const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  return {
    scale: viewport.scale,
    x: clamp(viewport.x, keep - image.width * viewport.scale, screen.width - keep),
    y: clamp(viewport.y, keep - image.height * viewport.scale, screen.height - keep),
  };
}

/** The part of the image that is on screen, in image space. */
export function visibleRect(viewport: Viewport, image: Size, screen: Size) {
  const a = screenToImage(viewport, { x: 0, y: 0 });
  const b = screenToImage(viewport, { x: screen.width, y: screen.height });
  return {
    x0: Math.max(0, a.x),
    y0: Math.max(0, a.y),
    x1: Math.min(image.width, b.x),
    y1: Math.min(image.height, b.y),
  };
}
