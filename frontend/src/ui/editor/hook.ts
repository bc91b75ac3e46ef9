/** The editor's part of the read-only `window.samweb`: for browser tests and the bench. */
import type { DecoderClient } from "../../decoder/client";

export interface Timings {
  /** Press to the frame after the mask was painted, of the last click. */
  clickToPaintMs: number | null;
  /** The same of all clicks since the page was loaded. */
  clicks: number[];
}

export const timings: Timings = { clickToPaintMs: null, clicks: [] };

export function recordClick(milliseconds: number): void {
  timings.clickToPaintMs = milliseconds;
  timings.clicks.push(milliseconds);
}

export function announceDecoder(decoder: DecoderClient): void {
  const page = window as unknown as { samweb?: object };
  const hook = (page.samweb ??= {});
  const define = (name: string, get: () => unknown) =>
    Object.defineProperty(hook, name, { enumerable: true, configurable: true, get });
  define("decoder", () => ({
    state: decoder.state.get().kind,
    ...decoder.stats.get(),
    where: "worker",
  }));
  define("timings", () => ({ ...timings, clicks: [...timings.clicks] }));
}
