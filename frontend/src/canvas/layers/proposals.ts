/** Proposals: outlines only, so that the picture is seen; the ones that are lit are filled. */
import type { Proposal } from "../../document/proposals";
import { maskPath } from "../mask-paths";
import type { Scene } from "../scene";

const FILL_LIT = 0.4;

/** All that are offered, below the pointer's layer. */
export function drawProposals(context: CanvasRenderingContext2D, scene: Scene): void {
  if (scene.proposals.length === 0) return;
  inImage(context, scene, (scale) => {
    for (const { mask } of scene.proposals) {
      const path = maskPath(mask, scale);
      context.strokeStyle = "rgb(0 0 0 / 55%)";
      context.lineWidth = 3 / scale;
      context.stroke(path);
      context.strokeStyle = scene.promptColour;
      context.lineWidth = 1.5 / scale;
      context.stroke(path);
    }
  });
}

export function drawLitProposals(context: CanvasRenderingContext2D, scene: Scene): void {
  if (scene.litProposals.size === 0) return;
  const lit = ({ id }: Proposal) => scene.litProposals.has(id);
  inImage(context, scene, (scale) => {
    for (const { mask } of scene.proposals.filter(lit)) {
      const path = maskPath(mask, scale);
      context.globalAlpha = FILL_LIT;
      context.fillStyle = scene.promptColour;
      context.fill(path, "evenodd");
      context.globalAlpha = 1;
      context.strokeStyle = "#ffffff";
      context.lineWidth = 4.5 / scale;
      context.stroke(path);
      context.strokeStyle = scene.promptColour;
      context.lineWidth = 2.5 / scale;
      context.stroke(path);
    }
  });
}

function inImage(
  context: CanvasRenderingContext2D,
  { viewport, width, height }: Scene,
  draw: (scale: number) => void,
): void {
  context.save();
  context.translate(viewport.x, viewport.y);
  context.scale(viewport.scale, viewport.scale);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.lineJoin = "round";
  draw(viewport.scale);
  context.restore();
}
