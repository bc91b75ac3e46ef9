"""What a later click may change of the mask before it.

From the third click on a click corrects, it does not start over (the idea of FocalClick's
progressive merge, arXiv 2204.02574): a positive click only adds and a negative one only removes,
and only around itself. How far around is said by where it was put: a click near the edge of the
mask moves that edge, one far from every edge means a whole region. The first two clicks still say
which object is meant, so they may change everything.

The front end does the same (frontend/src/masks/correction.ts, tests/contract/correction.json).
"""

from __future__ import annotations

import numpy as np

from workers.sam.selection import click_cell

CORRECTS_FROM = 3  # the first click that corrects
REACH = 3.0  # times the distance from the click to the edge of the mask before it
LEAST_REACH = 4.0  # low-res cells


def corrected(
    before: np.ndarray,
    decoded: np.ndarray,
    click: np.ndarray,
    positive: bool,
    input_size: int,
) -> np.ndarray:
    """`decoded` within reach of the newest click and in its direction, `before` elsewhere.

    before, decoded: logits [h,w] that were shown at the last click and that are new; click: (x, y)
    in model space.
    """
    row, column = click_cell(click, input_size, before.shape)
    from_click = _distance_from(row, column, before.shape)
    reach = max(LEAST_REACH, REACH * _depth(before > 0, row, column, from_click, positive))
    moved = np.maximum(before, decoded) if positive else np.minimum(before, decoded)
    return np.where(from_click <= reach, moved, before)


def _distance_from(row: int, column: int, shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.sqrt((rows - row) ** 2.0 + (columns - column) ** 2.0)


def _depth(
    mask: np.ndarray, row: int, column: int, from_click: np.ndarray, positive: bool
) -> float:
    """How far the click is from the other side of the mask's edge, in cells; the grid's border is
    an edge as well. 0 where the mask has already what the click asks for."""
    if mask[row, column] == positive:
        return 0.0
    height, width = mask.shape
    other = from_click[mask != mask[row, column]].min(initial=np.inf)
    return float(min(other, row + 1, column + 1, height - row, width - column))
