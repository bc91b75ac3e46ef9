/** A thumbnail of one object, cut out of the open picture with a little air around it. */
import { useEffect, useRef } from "react";

import { maskPath } from "../../canvas/mask-paths";
import type { AnnotationRecord } from "../../document/records";
import { useSignal } from "../data";
import { useEditor } from "./context";

const SIDE = 32;

export function Crop({ annotation }: { annotation: AnnotationRecord }) {
  const editor = useEditor();
  const image = useSignal(editor.state.image);
  useSignal(editor.state.labels);
  useSignal(editor.state.look);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { mask } = annotation;
  const colour = editor.colourOf(annotation);
  const picture = image?.record.id === annotation.image ? image.picture : null;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !picture) return;
    const [x, y, width, height] = mask.bbox;
    const side = Math.max(width, height, 4) * 1.2;
    const left = x + width / 2 - side / 2;
    const top = y + height / 2 - side / 2;
    const scale = (SIDE * 2) / side;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, SIDE * 2, SIDE * 2);
    context.drawImage(picture, left, top, side, side, 0, 0, SIDE * 2, SIDE * 2);
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    context.strokeStyle = colour;
    context.lineWidth = 3 / scale;
    context.stroke(maskPath(mask, scale));
  }, [picture, mask, colour]);
  return <canvas ref={canvas} className="crop" width={SIDE * 2} height={SIDE * 2} aria-hidden />;
}
