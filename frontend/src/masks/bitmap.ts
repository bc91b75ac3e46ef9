/** A binary mask inside its box: row-major, one byte a pixel, 0 or 1, placed in image space. */
export interface Bitmap {
  x: number;
  y: number;
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}
