/** One decoder for the page: its worker and what it holds survive going from image to image. */
import { startDecoder, type DecoderClient } from "../../decoder/client";
import { announceDecoder } from "./hook";

let decoder: DecoderClient | null = null;

export function pageDecoder(): DecoderClient {
  if (!decoder) {
    decoder = startDecoder();
    announceDecoder(decoder);
    decoder.warmUp();
  }
  return decoder;
}
