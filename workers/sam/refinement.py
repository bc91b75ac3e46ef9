"""A second look at the edges: the image's own pixels around a decoded mask (after FocalClick).

The decoder sees a whole image at model size, so its edges are as coarse as its grid. The graph
`refine` of a bundle looks once more: at a *crop* of the image around the mask, with the decoded
logits and the clicks laid over it, and answers with finer logits of the same mask. Outside the
crop the mask is empty, because the crop is drawn around all of it.

The crop is a picture like any other: scaled so that its longest side fills R x R cells, in the
top-left corner (`workers/sam/preprocess.py`), one logit for each cell. The browser does the same
(frontend/src/decoder/refine.ts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.sam.preprocess import model_size

MARGIN = 0.3  # of the box's longer side, on every side
LEAST_SIDE = 0.06  # of the image's longer side: a speck is looked at with what lies around it


@dataclass(frozen=True)
class Crop:
    """A rectangle of whole pixels in image space, inside the image; x1 and y1 are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.x1 - self.x0, self.y1 - self.y0


def clicked_parts(
    low_res: np.ndarray,
    positives: list[tuple[float, float]],
    size_image: tuple[int, int],
    input_size: int,
) -> np.ndarray:
    """The logits [h,w] with every part of the mask turned down (to -|logit|) that no positive
    click lies in: look-alikes that the decoder lit up as well, which the colours would make grow.
    Parts are 8-connected cells above 0. As they are where no click lies in any part."""
    frame = model_size(*size_image, input_size)
    mask = low_res > 0
    reached = np.zeros_like(mask)
    for point in positives:
        column, row = (
            min(int(at * new / old * side / input_size), side - 1)
            for at, new, old, side in zip(
                point, frame, size_image, low_res.shape[::-1], strict=True
            )
        )
        reached[row, column] = mask[row, column]
    count = int(reached.sum())
    if not count:
        return low_res
    while True:
        wide = np.pad(reached, 1)
        rows = wide[:-2] | wide[1:-1] | wide[2:]
        reached = (rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]) & mask
        if (now := int(reached.sum())) == count:
            return np.where(mask & ~reached, -low_res, low_res)
        count = now


def crop_around(
    low_res: np.ndarray,
    positives: list[tuple[float, float]],
    size_image: tuple[int, int],
    input_size: int,
) -> Crop | None:
    """Where to look: around all cells of the mask (logits [h,w] above 0) and the positive clicks
    (image space). None when there is neither."""
    frame = model_size(*size_image, input_size)
    lows, highs = [], []
    for axis in (0, 1):  # x, then y
        per_cell = size_image[axis] / (frame[axis] * low_res.shape[1 - axis] / input_size)
        hit = np.flatnonzero((low_res > 0).any(axis=axis))
        edges = [float(point[axis]) for point in positives]
        if len(hit):
            edges += [hit[0] * per_cell, (hit[-1] + 1) * per_cell]
        if not edges:
            return None
        lows.append(min(edges))
        highs.append(max(edges))
    longest = max(high - low for low, high in zip(lows, highs, strict=True))
    least = max(LEAST_SIDE * max(size_image), 2.0)
    corners = []
    for low, high, side in zip(lows, highs, size_image, strict=True):
        grow = max(MARGIN * longest, (least - (high - low)) / 2)
        first = int(np.clip(np.floor(low - grow), 0, side - 1))
        last = int(np.clip(np.ceil(high + grow), first + 1, side))
        corners.append((first, last))
    (x0, x1), (y0, y1) = corners
    return Crop(x0, y0, x1, y1)


def logits_in_crop(
    low_res: np.ndarray, crop: Crop, size_image: tuple[int, int], input_size: int, side: int
) -> np.ndarray:
    """The decoded logits [h,w] at the cells of the crop, float32 [side,side]; 0 in the padding."""
    fine = model_size(*crop.size, side)
    whole = model_size(*size_image, input_size)
    at = []
    for axis, origin in ((0, crop.x0), (1, crop.y0)):
        image = origin + (np.arange(fine[axis]) + 0.5) * (crop.size[axis] / fine[axis])
        cells = low_res.shape[1 - axis]
        low = image * (whole[axis] / size_image[axis]) * (cells / input_size) - 0.5
        at.append(np.clip(low, 0, cells - 1))
    (left, across), (top, down) = (_between(line) for line in at)
    right = np.minimum(left + 1, low_res.shape[1] - 1)
    bottom = np.minimum(top + 1, low_res.shape[0] - 1)
    rows = low_res[top] + (low_res[bottom] - low_res[top]) * down[:, None]
    values = rows[:, left] + (rows[:, right] - rows[:, left]) * across
    laid = np.zeros((side, side), np.float32)
    laid[: fine[1], : fine[0]] = values
    return laid


def _between(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lower = np.floor(at).astype(int)
    return lower, (at - lower).astype(np.float32)
