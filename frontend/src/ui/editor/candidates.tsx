/**
 * The masks an ambiguous click may mean. Beside the click they are only shown, so that the next
 * click goes to the picture; they are chosen with Tab, Alt+wheel, or in the bar below the picture.
 */
import { useEffect, useRef } from "react";

import { polygonsToPath } from "../../canvas/mask-paths";
import { imageToScreen } from "../../geometry/spaces";
import type { Polygon } from "../../masks/contour";
import { logitContours } from "../../masks/isoline";
import type { Candidate } from "../../prompting/prompter";
import { useSignal } from "../data";
import { useEditor } from "./context";
import { percent } from "./words";

const WIDTH = 208;
const HEIGHT = 72;
const AWAY = 24;
/** Further from the click than this the pointer has other business: the cards go. */
const NEAR = 150;

export function CandidatesAtClick() {
  const editor = useEditor();
  const { state, prompter } = editor;
  const view = useSignal(prompter.view);
  const viewport = useSignal(state.viewport);
  const screen = useSignal(state.screen);
  const pointer = useSignal(state.pointer);
  const point = view.prompts?.points[0];
  if (!view.ambiguous || !point || view.candidates.length < 2) return null;
  const at = imageToScreen(viewport, point);
  const near = pointer && Math.hypot(pointer.x - at.x, pointer.y - at.y) < NEAR;
  if (!near) return null;
  const fits = at.x + AWAY + WIDTH < screen.width - 8;
  const left = fits ? at.x + AWAY : Math.max(8, at.x - AWAY - WIDTH);
  const top = Math.min(Math.max(52, at.y - HEIGHT / 2), screen.height - HEIGHT - 64);
  return (
    <div className="candidates" style={{ left, top, width: WIDTH }} aria-hidden>
      {view.candidates.map((candidate) => (
        <div
          key={candidate.index}
          className="candidate"
          data-chosen={candidate.index === view.candidate}
        >
          <Silhouette candidate={candidate} colour={editor.labelColour(state.label.get())} />
          <span>{percent(candidate.iou_prediction)}</span>
        </div>
      ))}
    </div>
  );
}

/** The same in the bar, where they can be clicked. */
export function CandidateChoice() {
  const editor = useEditor();
  const view = useSignal(editor.prompter.view);
  if (!view.ambiguous || view.candidates.length < 2) return null;
  return (
    <div className="candidate-choice" role="radiogroup" aria-label="What did you mean?">
      {view.candidates.map((candidate) => (
        <button
          key={candidate.index}
          type="button"
          role="radio"
          className="candidate-button"
          aria-checked={candidate.index === view.candidate}
          data-testid={`candidate-${candidate.index}`}
          title={`${candidate.name} (Tab, Alt+wheel)`}
          onClick={() => editor.prompter.choose(candidate.index)}
        >
          {percent(candidate.iou_prediction)}
        </button>
      ))}
    </div>
  );
}

function Silhouette({ candidate, colour }: { candidate: Candidate; colour: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { low } = candidate;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const { imageWidth, imageHeight } = low.frame;
    const polygons = logitContours(low, 0);
    const [x0, y0, x1, y1] = aroundAll(polygons, imageWidth, imageHeight);
    const scale = Math.min(element.width / (x1 - x0), element.height / (y1 - y0));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, element.width, element.height);
    context.setTransform(
      scale,
      0,
      0,
      scale,
      (element.width - (x0 + x1) * scale) / 2,
      (element.height - (y0 + y1) * scale) / 2,
    );
    context.fillStyle = "rgb(128 128 128 / 25%)";
    context.fillRect(0, 0, imageWidth, imageHeight);
    context.fillStyle = colour;
    context.fill(polygonsToPath(polygons), "evenodd");
  }, [low, colour]);
  return <canvas ref={canvas} width={104} height={80} aria-hidden />;
}

/** The silhouette's box with as much air again around it, so that its size can be judged. */
function aroundAll(
  polygons: readonly Polygon[],
  width: number,
  height: number,
): [number, number, number, number] {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (const polygon of polygons) {
    for (let i = 0; i < polygon.length; i += 2) {
      x0 = Math.min(x0, polygon[i]!);
      x1 = Math.max(x1, polygon[i]!);
      y0 = Math.min(y0, polygon[i + 1]!);
      y1 = Math.max(y1, polygon[i + 1]!);
    }
  }
  if (x1 <= x0 || y1 <= y0) return [0, 0, width, height];
  const air = Math.max(x1 - x0, y1 - y0, Math.min(width, height) / 6) / 2;
  return [
    Math.max(0, x0 - air),
    Math.max(0, y0 - air),
    Math.min(width, x1 + air),
    Math.min(height, y1 + air),
  ];
}
