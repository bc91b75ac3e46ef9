/**
 * The one place that converts between spaces (golden file: tests/contract/spaces.json).
 *
 * - screen: CSS pixels, origin at the canvas' top-left corner
 * - image:  float pixels, origin at the top-left corner of the top-left pixel
 * - model:  SAM's pixel-index convention on the resized image: the centre of pixel 0 is 0.0
 */
export interface Point {
  x: number;
  y: number;
}

/** Where the image lies on screen: p_screen = p_image * scale + (x, y). */
export interface Viewport {
  scale: number;
  x: number;
  y: number;
}

/**
 * How an image was resized for the model: longest side to `inputSize` and padded bottom right, or
 * stretched to fill the square.
 */
export interface ModelFrame {
  imageWidth: number;
  imageHeight: number;
  newWidth: number;
  newHeight: number;
  inputSize: number;
}

export function imageToScreen(viewport: Viewport, p_image: Point): Point {
  return {
    x: p_image.x * viewport.scale + viewport.x,
    y: p_image.y * viewport.scale + viewport.y,
  };
}

export function screenToImage(viewport: Viewport, p_screen: Point): Point {
  return {
    x: (p_screen.x - viewport.x) / viewport.scale,
    y: (p_screen.y - viewport.y) / viewport.scale,
  };
}

/** New side = old * scale rounded half up (as SAM does), never below one pixel. */
export function modelFrame(
  imageWidth: number,
  imageHeight: number,
  inputSize: number,
  stretched = false,
): ModelFrame {
  if (stretched) {
    return { imageWidth, imageHeight, newWidth: inputSize, newHeight: inputSize, inputSize };
  }
  const scale = inputSize / Math.max(imageWidth, imageHeight);
  const side = (old: number) => Math.max(1, Math.floor(old * scale + 0.5));
  return {
    imageWidth,
    imageHeight,
    newWidth: side(imageWidth),
    newHeight: side(imageHeight),
    inputSize,
  };
}

export function imageToModel(frame: ModelFrame, p_image: Point): Point {
  return {
    x: p_image.x * (frame.newWidth / frame.imageWidth) - 0.5,
    y: p_image.y * (frame.newHeight / frame.imageHeight) - 0.5,
  };
}

export function modelToImage(frame: ModelFrame, p_model: Point): Point {
  return {
    x: ((p_model.x + 0.5) * frame.imageWidth) / frame.newWidth,
    y: ((p_model.y + 0.5) * frame.imageHeight) / frame.newHeight,
  };
}

/**
 * Image pixels to low-res logit indices along one axis: p_low = p_image * factor - 0.5
 * (bilinear, align_corners=false).
 */
export function lowResFactor(frame: ModelFrame, lowSize: number, axis: "x" | "y"): number {
  const [old, next] =
    axis === "x" ? [frame.imageWidth, frame.newWidth] : [frame.imageHeight, frame.newHeight];
  return (next / old) * (lowSize / frame.inputSize);
}
