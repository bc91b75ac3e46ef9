/** COCO RLE (placeholder types; the codec follows). */
export interface RleMask {
  /** [height, width] */
  size: [number, number];
  /** COCO's compressed column-major counts string. */
  counts: string;
}
