"""How alike masks are: intersection over union, pixels gained and lost, who drew the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samweb.masks import rle


@dataclass(frozen=True)
class Change:
    """From one mask to another of the same size, in pixels; `iou` from 0 to 1."""

    iou: float
    added: int
    removed: int


def change(before: rle.Counts, after: rle.Counts) -> Change:
    """What became of a mask."""
    both = rle.intersection(before, after)
    return Change(rle.iou(before, after), rle.area(after) - both, rle.area(before) - both)


def iou_matrix(first: Sequence[rle.Counts], second: Sequence[rle.Counts]) -> NDArray[np.float64]:
    """IoU of every mask of `first` (rows) with every one of `second` (columns)."""
    values = np.zeros((len(first), len(second)))
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            values[row, column] = rle.iou(one, other)
    return values


def matches(
    first: Sequence[rle.Counts], second: Sequence[rle.Counts], least: float = 0.5
) -> list[tuple[int, int, float]]:
    """Pairs (index in first, index in second, IoU), best first, each mask in one pair at most."""
    values = iou_matrix(first, second)
    rows, columns = np.nonzero(values >= least)
    order = np.argsort(-values[rows, columns], kind="stable")
    taken_rows: set[int] = set()
    taken_columns: set[int] = set()
    pairs = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            pairs.append((row, column, float(values[row, column])))
    return pairs
