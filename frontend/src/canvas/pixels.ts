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
