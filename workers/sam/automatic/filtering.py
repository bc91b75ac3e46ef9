"""Which masks hold, seen at low resolution: before anything is scaled up.

Half of the usual time goes into scaling masks up that are then thrown away. A rating needs no
pixels, a stability hardly any, and where a box ends follows from the cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workers.sam.automatic.grid import View
from workers.sam.predictor import between_cells
from workers.sam.preprocess import model_size

NEAR_EDGE = 20.0  # image pixels from a crop's edge at which a mask is taken to be cut off


@dataclass(frozen=True)
class Cells:
    """How a view of `pixels` (width, height) lies on a low-res grid; the rest is padding."""

    pixels: tuple[int, int]
    spans: tuple[float, float]  # cells across and down

    @classmethod
    def of(cls, shape: tuple[int, ...], pixels: tuple[int, int], input_size: int) -> Cells:
        """For a grid of `shape` [h,w] under a model of this input size."""
        sides = model_size(*pixels, input_size)
        across, down = (
            new * cells / input_size for new, cells in zip(sides, shape[::-1], strict=True)
        )
        return cls(pixels, (across, down))

    def without_padding(self, logits: np.ndarray) -> np.ndarray:
        """The cells [...,h,w] that a pixel is scaled up from."""
        columns, rows = (math.ceil(span + 0.5) for span in self.spans)
        return logits[..., :rows, :columns]


def stability_scores(logits: np.ndarray, offset: float) -> np.ndarray:
    """IoU of each mask at threshold +offset with itself at -offset: [K,h,w] -> [K]; 0 without
    any cell."""
    firm = np.count_nonzero(logits > offset, axis=(1, 2))
    loose = np.count_nonzero(logits > -offset, axis=(1, 2))
    return firm / np.maximum(loose, 1)


def box_of(logits: np.ndarray, cells: Cells) -> np.ndarray | None:
    """[4] x0, y0, x1, y1 (exclusive) around a mask [h,w] as it will be when scaled up, in whole
    pixels; None when it will be empty.

    Each axis is scaled up alone, and of it only the lines at which the mask may begin or end: a
    cell above 0 says that a pixel may be, and a speck may fall between pixels.
    """
    (left, right, across), (top, bottom, down) = (
        between_cells(pixels, span, side)
        for pixels, span, side in zip(cells.pixels, cells.spans, logits.shape[::-1], strict=True)
    )
    rows = logits[top] + (logits[bottom] - logits[top]) * down[:, None]  # [H,w]
    columns = logits[:, left] + (logits[:, right] - logits[:, left]) * across  # [h,W]
    x = _extent(rows, left, right, across)
    y = _extent(columns.T, top, bottom, down)
    return np.array([x[0], y[0], x[1], y[1]], float) if x and y else None


LINES = 8  # looked at together


def _extent(
    lines: np.ndarray, lower: np.ndarray, upper: np.ndarray, share: np.ndarray
) -> tuple[int, int] | None:
    """The first pixel of an axis with a value above 0, and the one after the last: lines [N,n] at
    cell middles, pixels between cells `lower` and `upper`."""
    above = np.asarray(lines.max(axis=0) > 0)
    maybe = np.flatnonzero(above[lower] | above[upper])

    def first_of(pixels: np.ndarray) -> int | None:
        for start in range(0, len(pixels), LINES):
            at = pixels[start : start + LINES]
            values = lines[:, lower[at]]
            values = values + (lines[:, upper[at]] - values) * share[at]
            hits = np.flatnonzero((values > 0).any(axis=0))
            if len(hits):
                return int(at[hits[0]])
        return None

    first = first_of(maybe)
    if first is None:
        return None
    last = first_of(maybe[::-1])
    assert last is not None
    return first, last + 1


def cut_off(box: np.ndarray, view: View, size_image: tuple[int, int]) -> bool:
    """Whether a mask of a crop touches an edge of the crop that is no edge of the image. `box` [4]
    in pixels of the view."""
    edges = np.array([view.x0, view.y0, view.x1, view.y1], float)
    inner = np.abs(edges - np.array([0, 0, *size_image])) > NEAR_EDGE
    there = np.abs(box + np.array([view.x0, view.y0] * 2) - edges) <= NEAR_EDGE
    return bool((there & inner).any())
