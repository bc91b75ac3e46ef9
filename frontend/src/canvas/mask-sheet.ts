/**
 * Hundreds of masks and more: drawn ahead onto a sheet that is larger than the screen, a few
 * milliseconds a frame. While a new sheet is made the old one moves and scales with the picture;
 * where single objects change, the sheet is mended in place.
 */
import type { AnnotationRecord } from "../document/records";
import type { Viewport } from "../geometry/spaces";
import type { Size } from "../geometry/viewport";
import type { Scene } from "./scene";

/**
 * Side of a tile in the sheet's own pixels. A browser without a GPU paints the shapes of a canvas
 * when it is read, all at once: a tile at a time, that stays a matter of a few milliseconds.
 */
const TILE = 128;
/** Of the screen's size, on every side. */
const MARGIN = 0.25;
/** A frame has 16 ms; ours must leave room for the others. */
const SLICE_MS = 3;
/** Nobody is moving and the picture is wrong: hurry. */
const HURRY_MS = 12;
/** Nothing is there yet. */
const FIRST_MS = 40;
/** More changes than this are a new sheet. */
const MOST_MENDED = 100;
/** Screen pixels an outline reaches beyond its mask. */
const BLEED = 3;

export type DrawMask = (
  context: CanvasRenderingContext2D,
  scene: Scene,
  annotation: AnnotationRecord,
) => void;

interface Sheet {
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  /** From image space to the sheet's own pixels, before the device's ratio. */
  viewport: Viewport;
  size: Size;
  ratio: number;
  style: readonly unknown[];
  shown: readonly AnnotationRecord[];
}

/** A tile that is still to be drawn; x and y in the sheet's own pixels. */
interface Tile {
  x: number;
  y: number;
  masks: AnnotationRecord[];
}

interface Work {
  sheet: Sheet;
  tiles: readonly Tile[];
  next: number;
}

export class MaskSheet {
  private front: Sheet | null = null;
  private work: Work | null = null;
  private spare: HTMLCanvasElement | null = null;
  private scratch: HTMLCanvasElement | null = null;

  constructor(private readonly drawMask: DrawMask) {}

  /** Draws what there is; true when another frame would show more. `shown`: large ones first. */
  draw(
    context: CanvasRenderingContext2D,
    scene: Scene,
    shown: readonly AnnotationRecord[],
    style: readonly unknown[],
    screen: Size,
    ratio: number,
  ): boolean {
    const fits = this.front !== null && alike(this.front.style, style) && this.mend(scene, shown);
    const stale = !fits || !covers(this.front!, scene, screen, ratio);
    if (stale && !this.continues(style, shown)) this.begin(scene, shown, style, screen, ratio);
    else if (!stale) this.work = null;
    if (this.work) this.go(scene, this.work, fits ? SLICE_MS : this.front ? HURRY_MS : FIRST_MS);
    if (this.front) place(context, this.front, scene.viewport);
    return this.work !== null || (this.front !== null && !covers(this.front, scene, screen, ratio));
  }

  dispose(): void {
    this.front = this.work = this.spare = this.scratch = null;
  }

  /** A sheet under way for the same content is finished even when the picture moved meanwhile. */
  private continues(style: readonly unknown[], shown: readonly AnnotationRecord[]): boolean {
    const sheet = this.work?.sheet;
    return sheet !== undefined && sheet.shown === shown && alike(sheet.style, style);
  }

  private begin(
    scene: Scene,
    shown: readonly AnnotationRecord[],
    style: readonly unknown[],
    screen: Size,
    ratio: number,
  ): void {
    const size = {
      width: Math.ceil(screen.width * (1 + 2 * MARGIN)),
      height: Math.ceil(screen.height * (1 + 2 * MARGIN)),
    };
    const canvas = this.work?.sheet.canvas ?? this.spare ?? document.createElement("canvas");
    this.spare = null;
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    const context = canvas.getContext("2d");
    if (!context) return;
    const viewport = {
      scale: scene.viewport.scale,
      x: scene.viewport.x + screen.width * MARGIN,
      y: scene.viewport.y + screen.height * MARGIN,
    };
    const sheet = { canvas, context, viewport, size, ratio, style, shown };
    this.work = { sheet, tiles: tilesOf(sheet, shown), next: 0 };
  }

  private go(scene: Scene, work: Work, budget: number): void {
    const { sheet, tiles } = work;
    const until = performance.now() + budget;
    const around = seenFrom(scene, sheet);
    while (work.next < tiles.length && performance.now() < until) {
      this.drawTile(around, sheet, tiles[work.next]!);
      work.next += 1;
    }
    if (work.next < tiles.length) return;
    this.spare = this.front?.canvas ?? null;
    this.front = sheet;
    this.work = null;
  }

  private drawTile(scene: Scene, sheet: Sheet, { x, y, masks }: Tile): void {
    if (!this.scratch) {
      this.scratch = document.createElement("canvas");
      this.scratch.width = this.scratch.height = TILE;
    }
    const context = this.scratch.getContext("2d");
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, TILE, TILE);
    const { scale, x: left, y: top } = sheet.viewport;
    const k = scale * sheet.ratio;
    context.setTransform(k, 0, 0, k, left * sheet.ratio - x, top * sheet.ratio - y);
    for (const annotation of masks) this.drawMask(context, scene, annotation);
    sheet.context.drawImage(this.scratch, x, y);
  }

  /** Redraws the places where objects came, went or changed; false when there are too many. */
  private mend(scene: Scene, shown: readonly AnnotationRecord[]): boolean {
    const sheet = this.front!;
    if (sheet.shown === shown) return true;
    const changed = differences(sheet.shown, shown);
    if (changed.length > MOST_MENDED) return false;
    sheet.shown = shown;
    this.work = null;
    const bleed = BLEED / sheet.viewport.scale;
    const around = seenFrom(scene, sheet);
    for (const { mask } of changed) {
      const [x, y, width, height] = mask.bbox;
      const box = [x - bleed, y - bleed, width + 2 * bleed, height + 2 * bleed] as const;
      enter(sheet);
      sheet.context.beginPath();
      sheet.context.rect(...box);
      sheet.context.clip();
      sheet.context.clearRect(...box);
      const near = [box[0] - bleed, box[1] - bleed, x + width + 2 * bleed, y + height + 2 * bleed];
      for (const other of shown) {
        if (touches(other.mask.bbox, near as Edges)) {
          this.drawMask(sheet.context, around, other);
        }
      }
      sheet.context.restore();
    }
    return true;
  }
}

/** The tiles that show anything, each with its masks in the order they lie on each other. */
function tilesOf(sheet: Sheet, shown: readonly AnnotationRecord[]): Tile[] {
  const { canvas, viewport, ratio } = sheet;
  const across = Math.ceil(canvas.width / TILE);
  const down = Math.ceil(canvas.height / TILE);
  const tiles = new Map<number, Tile>();
  const bleed = BLEED * ratio;
  const k = viewport.scale * ratio;
  const column = (x_image: number, by: number) =>
    Math.floor((x_image * k + viewport.x * ratio + by) / TILE);
  const row = (y_image: number, by: number) =>
    Math.floor((y_image * k + viewport.y * ratio + by) / TILE);
  for (const annotation of shown) {
    const [x, y, width, height] = annotation.mask.bbox;
    const right = Math.min(across - 1, column(x + width, bleed));
    const bottom = Math.min(down - 1, row(y + height, bleed));
    for (let j = Math.max(0, row(y, -bleed)); j <= bottom; j += 1) {
      for (let i = Math.max(0, column(x, -bleed)); i <= right; i += 1) {
        const at = j * across + i;
        let tile = tiles.get(at);
        if (!tile) tiles.set(at, (tile = { x: i * TILE, y: j * TILE, masks: [] }));
        tile.masks.push(annotation);
      }
    }
  }
  return [...tiles.values()];
}

type Edges = [x0: number, y0: number, x1: number, y1: number];

export function touches(
  [x, y, width, height]: readonly [number, number, number, number],
  [x0, y0, x1, y1]: Edges,
): boolean {
  return x <= x1 && y <= y1 && x + width >= x0 && y + height >= y0;
}

/** Records that are in only one of two lists. Records are replaced, never changed. */
export function differences(
  before: readonly AnnotationRecord[],
  after: readonly AnnotationRecord[],
): AnnotationRecord[] {
  const then = new Set(before);
  const now = new Set(after);
  return [
    ...before.filter((record) => !now.has(record)),
    ...after.filter((record) => !then.has(record)),
  ];
}

function alike(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** The part of the image the sheet shows. */
function areaOf({ viewport, size }: Sheet): Edges {
  const { scale, x, y } = viewport;
  return [-x / scale, -y / scale, (size.width - x) / scale, (size.height - y) / scale];
}

/** Whether the sheet shows the screen's part of the image at the screen's scale. */
function covers(sheet: Sheet, scene: Scene, screen: Size, ratio: number): boolean {
  const { scale, x, y } = scene.viewport;
  if (Math.abs(sheet.viewport.scale / scale - 1) > 1e-3 || sheet.ratio !== ratio) return false;
  const [x0, y0, x1, y1] = areaOf(sheet);
  const clip = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return (
    x0 <= clip(-x / scale, scene.width) &&
    y0 <= clip(-y / scale, scene.height) &&
    x1 >= clip((screen.width - x) / scale, scene.width) &&
    y1 >= clip((screen.height - y) / scale, scene.height)
  );
}

function enter({ context, viewport, ratio }: Sheet): void {
  context.save();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.translate(viewport.x, viewport.y);
  context.scale(viewport.scale, viewport.scale);
}

const seenFrom = (scene: Scene, { viewport }: Sheet): Scene => ({ ...scene, viewport });

function place(context: CanvasRenderingContext2D, sheet: Sheet, viewport: Viewport): void {
  const k = viewport.scale / sheet.viewport.scale;
  context.imageSmoothingEnabled = Math.abs(k - 1) > 1e-3;
  context.drawImage(
    sheet.canvas,
    viewport.x - sheet.viewport.x * k,
    viewport.y - sheet.viewport.y * k,
    (sheet.canvas.width / sheet.ratio) * k,
    (sheet.canvas.height / sheet.ratio) * k,
  );
}
