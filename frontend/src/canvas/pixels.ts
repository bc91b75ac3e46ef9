type Sized = CanvasImageSource & {
  width: number;
  height: number;
  naturalWidth?: number;
  naturalHeight?: number;
};

/** The image's pixels in halved sizes, so that a zoomed-out frame never scales the full raster. */
export class PixelLevels {
  private levels: CanvasImageSource[];

  constructor(
    source: CanvasImageSource,
    readonly width: number,
    readonly height: number,
  ) {
    this.levels = [source];
  }

  /** Draws the whole image into (x, y, width, height) of the context. */
  draw(
    context: CanvasRenderingContext2D,
    x: number,
    y: number,
    width: number,
    height: number,
    devicePixelRatio: number,
  ): void {
    const wanted = Math.max(1, this.width / (width * devicePixelRatio));
    const level = Math.min(Math.floor(Math.log2(wanted)), 5);
    context.drawImage(this.level(level), x, y, width, height);
  }

  /** A rectangle of the image scaled to width x height, RGBA; null where canvases cannot be read. */
  cut(
    rect_image: { x0: number; y0: number; x1: number; y1: number },
    width: number,
    height: number,
  ): Uint8ClampedArray | null {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) return null;
    // From the level just above the wanted size: every pixel of the image counts, none twice.
    const shrink = Math.max(1, (rect_image.x1 - rect_image.x0) / width);
    const source = this.level(Math.min(Math.floor(Math.log2(shrink)), 5)) as Sized;
    const kx = (source.naturalWidth ?? source.width) / this.width;
    const ky = (source.naturalHeight ?? source.height) / this.height;
    context.imageSmoothingQuality = "medium";
    context.drawImage(
      source,
      rect_image.x0 * kx,
      rect_image.y0 * ky,
      (rect_image.x1 - rect_image.x0) * kx,
      (rect_image.y1 - rect_image.y0) * ky,
      0,
      0,
      width,
      height,
    );
    return context.getImageData(0, 0, width, height).data;
  }

  private level(index: number): CanvasImageSource {
    while (this.levels.length <= index) {
      const scale = 2 ** this.levels.length;
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(this.width / scale));
      canvas.height = Math.max(1, Math.round(this.height / scale));
      const context = canvas.getContext("2d");
      if (!context) break;
      context.imageSmoothingQuality = "medium";
      context.drawImage(this.levels.at(-1)!, 0, 0, canvas.width, canvas.height);
      this.levels.push(canvas);
    }
    return this.levels[Math.min(index, this.levels.length - 1)]!;
  }
}
