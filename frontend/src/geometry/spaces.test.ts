import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { imageToModel, imageToScreen, modelFrame, modelToImage, screenToImage } from "./spaces";
import { fit, zoomAt } from "./viewport";

interface Golden {
  tolerance: number;
  cases: {
    image: [number, number];
    input_size: number;
    stretched?: boolean;
    new: [number, number];
    points: { image: [number, number]; model: [number, number] }[];
  }[];
}
const golden = JSON.parse(readFileSync("../tests/contract/spaces.json", "utf8")) as Golden;

describe("spaces", () => {
  for (const { image, input_size, stretched, new: resized, points } of golden.cases) {
    it(`agrees with the golden file for ${image.join(" x ")} at ${input_size}${stretched ? ", stretched" : ""}`, () => {
      const frame = modelFrame(image[0], image[1], input_size, stretched);
      expect([frame.newWidth, frame.newHeight]).toEqual(resized);
      for (const point of points) {
        const model = imageToModel(frame, { x: point.image[0], y: point.image[1] });
        expect(Math.abs(model.x - point.model[0])).toBeLessThan(golden.tolerance);
        expect(Math.abs(model.y - point.model[1])).toBeLessThan(golden.tolerance);
        const back = modelToImage(frame, model);
        expect(back.x).toBeCloseTo(point.image[0], 6);
        expect(back.y).toBeCloseTo(point.image[1], 6);
      }
    });
  }

  it("keeps the point under the cursor in place while zooming", () => {
    const viewport = fit({ width: 4000, height: 3000 }, { width: 1000, height: 700 });
    const anchor = { x: 333, y: 222 };
    const before = screenToImage(viewport, anchor);
    const zoomed = zoomAt(viewport, anchor, 3, 0.01);
    const after = imageToScreen(zoomed, before);
    expect(after.x).toBeCloseTo(anchor.x, 9);
    expect(after.y).toBeCloseTo(anchor.y, 9);
  });
});
