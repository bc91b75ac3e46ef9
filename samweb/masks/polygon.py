"""Polygons to masks, under one convention.

Coordinates are image space: floats, the origin at the top-left corner of the top-left pixel. A
pixel belongs to a polygon when its centre lies inside by the even-odd rule; a centre exactly on
an edge belongs to what is right of it, or below it. What lies outside the image is cut off. So a
polygon along pixel edges gives exactly those pixels, and two polygons that share an edge never
share a pixel nor leave one out. Nothing is rounded or moved first.

The other way, from mask to outlines along pixel edges, is `exports.outlines`; it cannot say
holes, and the two agree pixel for pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from samweb.masks import rle

MAX_POINTS = 100_000
MAX_COORDINATE = 1e7
_CHUNK = 2_000_000  # crossings worked on at once


class PolygonError(ValueError):
    """A list of numbers that is no polygon; the message says why."""


def counts_of_polygons(polygons: Sequence[object], height: int, width: int) -> rle.Counts:
    """The union of flat COCO polygons [x0, y0, x1, y1, ...] as counts. Raises PolygonError."""
    pixels = rle.checked_size(height, width)
    whole = np.array([pixels], dtype=np.int64)
    for polygon in polygons:
        whole = rle.union(whole, counts_of_polygon(polygon, height, width))
    return whole


def counts_of_polygon(polygon: object, height: int, width: int) -> rle.Counts:
    """One flat polygon as counts of an H x W image; may be empty. Raises PolygonError."""
    rle.checked_size(height, width)
    points = checked_points(polygon)
    x0, y0 = points[:, 0], points[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    # The columns whose centre an edge passes: from the first centre at or after its left end.
    first = np.clip(np.ceil(np.minimum(x0, x1) - 0.5), 0, width).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(x0, x1) - 0.5), 0, width).astype(np.int64)
    spans = last - first
    edges = np.empty(0, dtype=np.int64)
    begin = 0
    ends = np.cumsum(spans)
    while begin < spans.size:
        limit = (ends[begin - 1] if begin else 0) + max(_CHUNK, int(spans[begin]))
        end = int(np.searchsorted(ends, limit, side="right"))
        part = slice(begin, end)
        crossings = _crossings(
            x0[part], y0[part], x1[part], y1[part], first[part], spans[part], height
        )
        edges = np.setxor1d(edges, _odd(crossings), assume_unique=True)
        begin = end
    inside = edges[edges < height * width]
    return np.diff(np.concatenate(([0], inside, [height * width]))).astype(np.int64)


def checked_points(polygon: object) -> NDArray[np.float64]:
    """The N x 2 points of a flat polygon of at least three. Raises PolygonError."""
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise PolygonError(
            "A polygon is a flat list of at least three points: [x0, y0, x1, y1, ...]."
        )
    if len(polygon) > 2 * MAX_POINTS:
        raise PolygonError(f"A polygon has at most {MAX_POINTS} points.")
    for value in polygon:
        # Compared, not converted: a whole number of 400 digits has no float.
        if type(value) not in (int, float) or not -MAX_COORDINATE <= value <= MAX_COORDINATE:
            raise PolygonError(f"Coordinates are finite numbers up to {MAX_COORDINATE:g}.")
    return np.array(polygon, dtype=np.float64).reshape(-1, 2)


def _crossings(
    x0: NDArray[np.float64],
    y0: NDArray[np.float64],
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    first: NDArray[np.int64],
    spans: NDArray[np.int64],
    height: int,
) -> NDArray[np.int64]:
    """Column-major indices of the first pixel at or below each crossing of a column's centre."""
    edge = np.repeat(np.arange(spans.size), spans)
    begins = np.cumsum(spans) - spans
    column = first[edge] + np.arange(edge.size) - begins[edge]
    along = (column + 0.5 - x0[edge]) / (x1[edge] - x0[edge])
    y = y0[edge] + along * (y1[edge] - y0[edge])
    row = np.clip(np.ceil(y - 0.5), 0, height).astype(np.int64)
    return column * height + row


def _odd(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices that occur an odd number of times, ascending."""
    values, times = np.unique(indices, return_counts=True)
    return values[times % 2 == 1]
