"""Polygons to masks: one convention, exact on pixel edges, never shared, never torn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from samweb.exports import outlines
from samweb.masks import compare, png, polygon, rle


def pixels(points: list[float], height: int = 8, width: int = 10) -> np.ndarray:
    return rle.mask_of(polygon.counts_of_polygon(points, height, width), height, width)


GOLDEN = json.loads((Path(__file__).parent / "polygons.json").read_text())["cases"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_a_polygon_is_the_same_pixels_here_and_in_the_browser(case: dict[str, Any]) -> None:
    counts = polygon.counts_of_polygon(case["polygon"], *case["size"])
    assert rle.string_of(counts) == case["counts"]


def test_a_box_along_pixel_edges_is_exactly_its_pixels() -> None:
    mask = pixels([2, 3, 6, 3, 6, 7, 2, 7])
    wanted = np.zeros((8, 10), bool)
    wanted[3:7, 2:6] = True
    assert (mask == wanted).all()


@pytest.mark.parametrize(("shift", "columns"), [(0.49, [2, 3]), (0.5, [2, 3]), (0.51, [3, 4])])
def test_a_pixel_belongs_by_its_centre(shift: float, columns: list[int]) -> None:
    mask = pixels([2 + shift, 0, 4 + shift, 0, 4 + shift, 1, 2 + shift, 1])
    assert np.flatnonzero(mask[0]).tolist() == columns


def test_what_lies_outside_is_cut_off() -> None:
    assert pixels([-50, -50, 50, -50, 50, 50, -50, 50]).all()
    assert not pixels([20, 20, 30, 20, 30, 30]).any()
    assert pixels([-5, 2, 3, 2, 3, 99, -5, 99]).sum() == 3 * 6


def test_a_polygon_that_crosses_itself_is_filled_by_the_even_odd_rule() -> None:
    twice = [0, 0, 8, 0, 8, 8, 0, 8, 0, 0, 8, 0, 8, 8, 0, 8]
    assert not pixels(twice).any()


def test_polygons_without_area_are_empty() -> None:
    assert not pixels([1, 1, 5, 5, 9, 9]).any()
    assert not pixels([3, 3, 3, 3, 3, 3]).any()


@pytest.mark.parametrize(
    "points",
    [
        [], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, float("nan")],
        [1, 2, 3, 4, 5, float("inf")], [1, 2, 3, 4, 5, "6"], [1, 2, 3, 4, 5, None],
        [1, 2, 3, 4, 5, True], [1, 2, 3, 4, 5, 1e308],
        [1, 2, 3, 4, 5, 10**400], [[1, 2], [3, 4], [5, 6]], "123456", None,
        [0] * 200_002,
    ],
)  # fmt: skip
def test_what_is_no_polygon_is_refused(points: object) -> None:
    with pytest.raises(polygon.PolygonError):
        polygon.counts_of_polygon(points, 8, 10)


@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_outlines_of_a_mask_give_back_its_pixels(mask: np.ndarray) -> None:
    height, width = mask.shape
    drawn = outlines.of_mask(rle.counts_of_mask(mask), height, width)
    if drawn is not None:
        assert (
            rle.mask_of(polygon.counts_of_polygons(drawn, height, width), height, width) == mask
        ).all()


coordinate = st.floats(-4, 24, allow_nan=False, width=32)


@given(st.lists(coordinate, min_size=6, max_size=40).filter(lambda c: len(c) % 2 == 0))
def test_every_pixel_agrees_with_the_rule_taken_literally(points: list[float]) -> None:
    mask = pixels(points, 14, 17)
    corners = np.array(points).reshape(-1, 2)
    for x, y in ((3, 4), (8, 8), (16, 13), (0, 0)):
        inside = False
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if (x0 <= x + 0.5) != (x1 <= x + 0.5):
                at = y0 + (x + 0.5 - x0) / (x1 - x0) * (y1 - y0)
                inside ^= bool(at <= y + 0.5)
        assert bool(mask[y, x]) == inside


def test_a_hundred_thousand_points_on_twelve_megapixels_are_drawn() -> None:
    turn = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    points = np.stack((2000 + 1400 * np.cos(turn), 1500 + 1400 * np.sin(turn)), axis=1)
    counts = polygon.counts_of_polygon([float(v) for v in points.reshape(-1)], 3000, 4000)
    assert abs(rle.area(counts) / (np.pi * 1400**2) - 1) < 1e-4


def test_masks_are_compared_by_pixels() -> None:
    one, two = np.zeros((4, 6), bool), np.zeros((4, 6), bool)
    one[:, :3], two[:, 1:4] = True, True
    first, second = rle.counts_of_mask(one), rle.counts_of_mask(two)
    assert compare.change(first, second) == compare.Change(0.5, 4, 4)
    assert compare.matches([first, second], [second], 0.4) == [(1, 0, 1.0)]


def test_png_masks_come_back_as_they_were() -> None:
    mask = np.random.default_rng(1).random((7, 13)) < 0.5
    assert (png.read_binary_png(png.binary_png(mask), max_pixels=100) == mask).all()
    for data in (b"", b"GIF89a", png.binary_png(mask)[:40]):
        with pytest.raises(ValueError):
            png.read_binary_png(data, max_pixels=100)
    with pytest.raises(ValueError):
        png.read_binary_png(png.binary_png(mask), max_pixels=90)
