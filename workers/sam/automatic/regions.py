"""Small holes filled and small islands dropped."""

from __future__ import annotations

import numpy as np


def tidied(mask: np.ndarray, least_area: int) -> np.ndarray:
    """A bool mask H x W without 8-connected holes and islands of fewer than `least_area` pixels;
    where all islands are smaller, the largest stays."""
    filled = mask | ~_large_parts(~mask, least_area)
    kept = _large_parts(filled, least_area)
    return kept if kept.any() or not filled.any() else _large_parts(filled, None)


def _large_parts(mask: np.ndarray, least_area: int | None) -> np.ndarray:
    """The 8-connected parts of at least so many pixels; None: the largest one alone."""
    rows, starts, ends = _runs(mask)
    parent = np.arange(len(rows))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = int(parent[at])
        return at

    first_of_row = np.searchsorted(rows, np.arange(mask.shape[0] + 1))
    for row in range(1, mask.shape[0]):
        above, end_above = first_of_row[row - 1], first_of_row[row]
        for at in range(first_of_row[row], first_of_row[row + 1]):
            while above < end_above and ends[above] < starts[at]:
                above += 1
            touching = above
            while touching < end_above and starts[touching] <= ends[at]:
                parent[root(touching)] = root(at)
                touching += 1
    roots = np.array([root(at) for at in range(len(rows))], int)
    areas = np.bincount(roots, weights=ends - starts, minlength=len(rows))
    if least_area is None:
        stays = roots == areas.argmax()
    else:
        stays = areas[roots] >= least_area
    steps = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int8)
    steps[rows[stays], starts[stays]] += 1
    steps[rows[stays], ends[stays]] -= 1
    return np.cumsum(steps, axis=1)[:, :-1].astype(bool)


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, first column, end column) of each horizontal run, row by row."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return rows, starts, ends
