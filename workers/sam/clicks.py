"""Where a careful person clicks: the point of a region that is farthest from its edge.

Exact and in numpy alone, because evaluation runs on the default install. Masks are bool arrays
H x W at image size; clicks are image-space points (x, y) at pixel centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Click:
    """A simulated click in image space."""

    x: float
    y: float
    positive: bool


def bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) around what is set, ends exclusive; zeros when nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def squared_depth(mask: np.ndarray) -> np.ndarray:
    """Squared Euclidean distance of each set pixel to the nearest pixel that is not set, int64.

    What lies beyond the array counts as not set: the border of an image is an edge.
    """
    height, width = mask.shape
    rows = np.arange(1, height + 1)[:, None]
    above = np.maximum.accumulate(np.where(mask, 0, rows), axis=0)
    below = np.minimum.accumulate(np.where(mask, height + 1, rows)[::-1], axis=0)[::-1]
    vertical = np.minimum(rows - above, below - rows).astype(np.int64) ** 2
    # Along a row: the least of vertical[x + step] + step**2. Farther than the deepest pixel known
    # so far, a step cannot help any more, so the work is bounded by the depth, not by the width.
    depth = vertical.copy()
    for step in range(1, width + 1):
        if step * step >= depth.max(initial=0):
            break
        depth[:, :-step] = np.minimum(depth[:, :-step], vertical[:, step:] + step * step)
        depth[:, step:] = np.minimum(depth[:, step:], vertical[:, :-step] + step * step)
        depth[:, -step] = np.minimum(depth[:, -step], step * step)  # the border on the right
        depth[:, step - 1] = np.minimum(depth[:, step - 1], step * step)  # and on the left
    return depth


def innermost_pixel(mask: np.ndarray) -> tuple[int, int]:
    """(row, column) of the set pixel farthest from the edge; the first in reading order."""
    top, left, bottom, right = bounding_box(mask)
    if bottom == top:
        raise ValueError("an empty mask has no innermost pixel")
    crop = mask[top:bottom, left:right]
    row, column = divmod(int(squared_depth(crop).argmax()), right - left)
    return top + row, left + column


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 8-connected part of a mask, as a mask; empty for an empty mask."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    row, start = np.nonzero(change == 1)
    end = np.nonzero(change == -1)[1]  # exclusive
    if len(row) == 0:
        return np.zeros_like(mask, dtype=bool)
    label = _joined_runs(row, start, end, width + 2)
    sizes = np.bincount(label, weights=end - start, minlength=len(row))
    chosen = label == sizes.argmax()
    edges = np.zeros((height, width + 1), np.int8)
    edges[row[chosen], start[chosen]] = 1
    edges[row[chosen], end[chosen]] -= 1
    return np.cumsum(edges[:, :-1], axis=1, dtype=np.int8) > 0


def _joined_runs(row: np.ndarray, start: np.ndarray, end: np.ndarray, stride: int) -> np.ndarray:
    """For each horizontal run the least index of a run in the same 8-connected component."""
    # Runs of the next row that touch, corners included: their key lies in [first, last).
    first = np.searchsorted(row * stride + end, (row + 1) * stride + start, side="left")
    last = np.searchsorted(row * stride + start, (row + 1) * stride + end, side="right")
    counts = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(row)), counts)
    offset = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    lower = np.repeat(first, counts) + offset
    label = np.arange(len(row))
    while True:
        least = np.minimum(label[upper], label[lower])
        following = label.copy()
        np.minimum.at(following, label[upper], least)
        np.minimum.at(following, label[lower], least)
        following = following[following]
        if np.array_equal(following, label):
            return label
        label = following


def first_click(target: np.ndarray) -> Click:
    """A positive click at the innermost pixel of the object."""
    row, column = innermost_pixel(target)
    return Click(column + 0.5, row + 0.5, True)


def next_click(target: np.ndarray, predicted: np.ndarray) -> Click | None:
    """A click at the innermost pixel of the largest wrong region; None when nothing is wrong."""
    wrong = target != predicted
    top, left, bottom, right = bounding_box(wrong)
    if bottom == top:
        return None
    part = largest_component(wrong[top:bottom, left:right])
    row, column = innermost_pixel(part)
    row, column = row + top, column + left
    return Click(column + 0.5, row + 0.5, bool(target[row, column]))
