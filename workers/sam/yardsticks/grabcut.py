"""OpenCV's GrabCut (Rother et al., SIGGRAPH 2004) under the same prompts as the model.

A positive click is a disc of sure foreground with a wider disc of likely foreground round it, a
negative one a disc of sure background; everything else is likely background. Of the result only
the parts that hold a positive click are kept. In a box everything is likely foreground, outside it
sure background. The radii are fixed, not tuned on any set.
"""

from __future__ import annotations

import cv2
import numpy as np

from workers.sam.clicks import Click
from workers.sam.evaluation import Box, Item, Segmenter


class GrabCutSegmenter(Segmenter):
    """GrabCut at a long side of `side`; radii are shares of the long side."""

    def __init__(
        self, side: int = 320, sure: float = 0.012, likely: float = 0.12, iterations: int = 3
    ) -> None:
        self.side, self.sure, self.likely, self.iterations = side, sure, likely, iterations
        self.image: np.ndarray = np.zeros((0, 0, 3), np.uint8)
        self.size, self.scale = (0, 0), 1.0

    def start(self, image: np.ndarray) -> None:
        """Scale once."""
        height, width = image.shape[:2]
        self.size, self.scale = (width, height), min(1.0, self.side / max(width, height))
        small = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        self.image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """Seeds, three rounds of GrabCut, the clicked parts."""
        height, width = self.image.shape[:2]
        seeds = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
        long_side = max(height, width)
        sure, likely = max(1, round(self.sure * long_side)), round(self.likely * long_side)
        places = [
            (min(int(click.x * self.scale), width - 1), min(int(click.y * self.scale), height - 1))
            for click in clicks
        ]
        for click, place in zip(clicks, places, strict=True):
            if click.positive:
                cv2.circle(seeds, place, likely, cv2.GC_PR_FGD, -1)
        for click, place in zip(clicks, places, strict=True):
            cv2.circle(seeds, place, sure, cv2.GC_FGD if click.positive else cv2.GC_BGD, -1)
        self._cut(seeds)
        chosen = _clicked_parts((seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD), clicks, places)
        return self._enlarged(chosen)

    def segment_box(self, box: Box) -> np.ndarray | None:
        """What GrabCut was made for."""
        height, width = self.image.shape[:2]
        x0, y0, x1, y1 = (round(edge * self.scale) for edge in box)
        x0, y0 = min(x0, width - 1), min(y0, height - 1)
        seeds = np.full((height, width), cv2.GC_BGD, np.uint8)
        seeds[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = cv2.GC_PR_FGD
        self._cut(seeds)
        return self._enlarged((seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD))

    def _cut(self, seeds: np.ndarray) -> None:
        """Rounds of GrabCut, in place; starts afresh at every click."""
        try:
            cv2.setRNGSeed(0)
            models, nowhere = (np.zeros((1, 65)), np.zeros((1, 65))), (0, 0, 0, 0)
            mode = cv2.GC_INIT_WITH_MASK
            cv2.grabCut(self.image, seeds, nowhere, *models, self.iterations, mode)
        except cv2.error:  # no background at all: everything is an object
            pass

    def _enlarged(self, mask: np.ndarray) -> np.ndarray:
        large = cv2.resize(mask.astype(np.float32), self.size, interpolation=cv2.INTER_LINEAR)
        return large > 0.5


def _clicked_parts(
    mask: np.ndarray, clicks: list[Click], places: list[tuple[int, int]]
) -> np.ndarray:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept = {
        int(labels[y, x]) for click, (x, y) in zip(clicks, places, strict=True) if click.positive
    } - {0}
    return np.isin(labels, list(kept))


def build(items: list[Item]) -> Segmenter:
    """The same for every set."""
    return GrabCutSegmenter()
