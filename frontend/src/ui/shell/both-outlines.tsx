/** A conflict as a picture: my outline and theirs on the image, each in its own colour. */
import { useEffect, useRef, useState } from "react";

import { maskPath } from "../../canvas/mask-paths";
import type { MaskRecord } from "../../document/records";
import { maskRecord } from "../../document/replay";
import type { RleMask } from "../../masks/rle";
import type { HeldTarget } from "../../sync/types";

const WIDTH = 240;
const HEIGHT = 160;
const MINE = "#5b8cff";
const THEIRS = "#f2b33d";

interface Sides {
  mine: MaskRecord | null;
  theirs: MaskRecord | null;
}

/** The two masks, as far as there are any: a deleted side has none. */
export function sidesOf({ operations, record }: HeldTarget): Sides {
  const last = operations.at(-1);
  const drawn = operations.findLast((operation) => "mask" in operation.payload);
  const theirs = record && record["deleted"] !== true ? masked(record["mask"]) : null;
  const deleted = last?.kind === "annotation.delete";
  const mine = deleted ? null : (masked(drawn?.payload["mask"]) ?? masked(record?.["mask"]));
  return { mine, theirs };
}

function masked(said: unknown): MaskRecord | null {
  const mask = said as RleMask | undefined;
  try {
    return mask?.counts && mask.size ? maskRecord(mask) : null;
  } catch {
    return null;
  }
}

export function BothOutlines({ held, image }: { held: HeldTarget; image: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [{ mine, theirs }] = useState(() => sidesOf(held));
  useEffect(() => {
    const picture = new Image();
    const draw = () => canvas.current && paint(canvas.current, picture, { mine, theirs });
    picture.onload = draw;
    picture.src = `/api/v1/images/${image}/thumbnail`;
    draw();
    return () => {
      picture.onload = null;
    };
  }, [image, mine, theirs]);
  const author = (held.record?.["author"] as { name?: string } | null | undefined)?.name;
  if (!mine && !theirs) return null;
  return (
    <figure className="both-outlines" data-testid="both-outlines">
      <canvas ref={canvas} width={WIDTH * 2} height={HEIGHT * 2} aria-hidden />
      <figcaption>
        <span className="swatch" style={{ background: MINE }} />{" "}
        {mine ? `yours, ${mine.area.toLocaleString("en")} px` : "yours: deleted"}{" "}
        <span className="swatch" style={{ background: THEIRS }} />{" "}
        {theirs
          ? `on the server${author ? ` (by ${author})` : ""}, ${theirs.area.toLocaleString("en")} px`
          : "on the server: deleted"}
      </figcaption>
    </figure>
  );
}

function paint(
  canvas: HTMLCanvasElement,
  picture: HTMLImageElement,
  { mine, theirs }: Sides,
): void {
  const context = canvas.getContext("2d");
  const any = mine ?? theirs;
  if (!context || !any) return;
  const boxes = [mine, theirs].flatMap((mask) => (mask && mask.area > 0 ? [mask.bbox] : []));
  const x0 = Math.min(...boxes.map(([x]) => x));
  const y0 = Math.min(...boxes.map(([, y]) => y));
  const x1 = Math.max(...boxes.map(([x, , width]) => x + width));
  const y1 = Math.max(...boxes.map(([, y, , height]) => y + height));
  const scale = Math.min(canvas.width / (x1 - x0), canvas.height / (y1 - y0)) * 0.8;
  const left = canvas.width / 2 - ((x0 + x1) / 2) * scale;
  const top = canvas.height / 2 - ((y0 + y1) / 2) * scale;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale, left, top);
  const [height, width] = any.size;
  if (picture.complete && picture.naturalWidth) context.drawImage(picture, 0, 0, width, height);
  for (const [mask, colour] of [
    [theirs, THEIRS],
    [mine, MINE],
  ] as const) {
    if (!mask || mask.area === 0) continue;
    const path = maskPath(mask, scale);
    context.globalAlpha = 0.25;
    context.fillStyle = colour;
    context.fill(path, "evenodd");
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 4 / scale;
    context.stroke(path);
  }
}
