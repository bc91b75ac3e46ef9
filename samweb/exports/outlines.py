"""Masks as polygons that give back exactly their pixels: the outlines run along pixel edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samweb.masks import rle

Edges = NDArray[np.int64]
# Directions of travel with the object on the right hand: right, down, left, up.
_RIGHT, _DOWN, _LEFT, _UP = range(4)


def of_mask(counts: rle.Counts, height: int, width: int) -> list[list[int]] | None:
    """COCO polygons [x0, y0, x1, y1, ...] in image space, one for each 4-connected part.

    None when the mask has a hole, which COCO's polygons cannot say; [] when it is empty.
    """
    x, y, box_width, box_height = rle.bbox(counts, height)
    if box_width == 0:
        return []
    starts, ends = rle.spans(counts)
    steps = np.zeros(box_width * height + 1, dtype=np.int8)  # of the box's columns, full height
    steps[starts - x * height] = 1
    steps[ends - x * height] -= 1
    bits = np.cumsum(steps[:-1], dtype=np.int8).reshape(box_width, height)
    framed = np.zeros((box_height + 2, box_width + 2), dtype=np.int8)
    framed[1:-1, 1:-1] = bits[:, y : y + box_height].T
    loops = _loops(framed)
    outlines = []
    for rows, columns in loops:
        if _signed_area(rows, columns) < 0:
            return None
        points = np.stack((columns + x - 1, rows + y - 1), axis=1)
        outlines.append([int(value) for value in points.reshape(-1)])
    return outlines


def to_mask(outlines: list[list[int]], height: int, width: int) -> rle.Counts:
    """The counts of what lies inside polygons along pixel edges (even-odd). Raises RleError."""
    flips = [np.zeros(0, dtype=np.int64)]
    for outline in outlines:
        points = np.asarray(outline, dtype=np.int64).reshape(-1, 2)
        (x0, y0), (x1, y1) = points.T, np.roll(points, -1, axis=0).T
        if ((x0 != x1) & (y0 != y1)).any():
            raise rle.RleError("The outline does not run along pixel edges.", "bad_outline")
        # Crossing a level edge downwards enters or leaves: one flip in each of its columns.
        lengths = np.abs(x1 - x0)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = np.repeat(np.minimum(x0, x1), lengths) + within
        flips.append(columns * height + np.repeat(y0, lengths))
    values, times = np.unique(np.concatenate(flips), return_counts=True)
    edges = values[(times % 2 == 1) & (values < height * width)]
    return np.diff(np.concatenate(([0], edges, [height * width]))).astype(np.int64)


def _loops(mask: NDArray[np.int8]) -> list[tuple[Edges, Edges]]:
    """Corner rows and columns of every boundary loop of a mask with an empty border."""
    starts, ends, directions = _runs(mask)
    corners = mask.shape[1] + 1
    keys = (starts[0] * corners + starts[1]) * 4 + directions
    order = np.argsort(keys)
    keys = keys[order]
    arrived = (ends[0] * corners + ends[1]) * 4
    # Where two parts touch at a corner two ways lead on: turning right stays on this part.
    right_turn = arrived + (directions + 1) % 4
    found = np.minimum(np.searchsorted(keys, right_turn), keys.size - 1)
    left = np.searchsorted(keys, arrived + (directions + 3) % 4)
    following = order[np.where(keys[found] == right_turn, found, np.minimum(left, keys.size - 1))]
    steps = following.tolist()
    seen, loops = bytearray(len(steps)), []
    for first in range(len(steps)):
        if seen[first]:
            continue
        loop, at = [], first
        while not seen[at]:
            seen[at] = 1
            loop.append(at)
            at = steps[at]
        loops.append((starts[0][loop], starts[1][loop]))
    return loops


def _runs(mask: NDArray[np.int8]) -> tuple[tuple[Edges, Edges], tuple[Edges, Edges], Edges]:
    """Straight boundary runs: (row, column) of their starts and ends, and their directions."""
    row, begin, end, sign = _straight(np.diff(mask, axis=0))
    row = row + 1
    across = np.where(sign > 0, _RIGHT, _LEFT)
    left, right = np.where(sign > 0, begin, end), np.where(sign > 0, end, begin)
    column, top, bottom, side = _straight(np.diff(mask, axis=1).T)
    column = column + 1
    along = np.where(side > 0, _UP, _DOWN)
    high, low = np.where(side > 0, bottom, top), np.where(side > 0, top, bottom)
    starts = np.concatenate((row, high)), np.concatenate((left, column))
    ends = np.concatenate((row, low)), np.concatenate((right, column))
    return starts, ends, np.concatenate((across, along))


def _straight(steps: NDArray[np.int8]) -> tuple[Edges, Edges, Edges, Edges]:
    """Maximal runs of equal non-zero values in each line: line, begin, end (exclusive), value."""
    framed = np.pad(steps, ((0, 0), (1, 1)))
    line, place = np.nonzero(framed[:, 1:] != framed[:, :-1])
    value = framed[line, place + 1]
    begins = value != 0
    # Every change begins a run or ends one; a run that begins at `place` ends at the next change.
    index = np.flatnonzero(begins)
    return line[index], place[index], place[index + 1], value[index].astype(np.int64)


def _signed_area(rows: Edges, columns: Edges) -> int:
    """Twice the area, positive for an outer outline and negative for that of a hole."""
    following_rows, following_columns = np.roll(rows, -1), np.roll(columns, -1)
    return int((columns * following_rows - following_columns * rows).sum())
