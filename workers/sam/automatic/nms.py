"""Non-maximum suppression of boxes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def keep_best(
    boxes: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    examine: Callable[[int], bool] | None = None,
) -> np.ndarray:
    """Indices of the boxes that stay, best first: a box goes when its IoU with a better one that
    stays is above `threshold`. boxes [N,4] x0, y0, x1, y1; of equal scores the earlier is better.

    `examine(index)` has the last word on a box that would stay; what it refuses suppresses nobody.
    """
    order = np.argsort(-scores, kind="stable")
    x0, y0, x1, y1 = boxes[order].T
    areas = (x1 - x0) * (y1 - y0)
    alive = np.ones(len(order), bool)
    for at in range(len(order)):
        if not alive[at]:
            continue
        if examine and not examine(int(order[at])):
            alive[at] = False
            continue
        rest = slice(at + 1, None)
        wide = np.minimum(x1[at], x1[rest]) - np.maximum(x0[at], x0[rest])
        high = np.minimum(y1[at], y1[rest]) - np.maximum(y0[at], y0[rest])
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        either = areas[at] + areas[rest] - shared
        alive[rest] &= shared <= threshold * either
    return order[alive]
