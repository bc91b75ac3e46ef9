"""Simulated clicks agree with their definition, worked out the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from workers.sam.clicks import (
    first_click,
    innermost_pixel,
    largest_component,
    next_click,
    squared_depth,
)


def slow_depth(mask: np.ndarray) -> np.ndarray:
    """For each set pixel the nearest pixel that is not, the world beyond the image included."""
    padded = np.pad(mask, 1)
    unset = np.argwhere(~padded)
    depth = np.zeros(mask.shape, np.int64)
    for row, column in np.argwhere(mask):
        away = unset - (row + 1, column + 1)
        depth[row, column] = (away**2).sum(axis=1).min()
    return depth


def slow_component_sizes(mask: np.ndarray) -> list[int]:
    """Sizes of the 8-connected parts, by walking."""
    left = {tuple(place) for place in np.argwhere(mask)}
    sizes = []
    while left:
        front, size = [left.pop()], 0
        while front:
            row, column = front.pop()
            size += 1
            for place in [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if place in left:
                    left.remove(place)
                    front.append(place)
        sizes.append(size)
    return sizes


def masks() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    noise = [rng.random((h, w)) < p for h, w, p in [(9, 14, 0.5), (20, 17, 0.8), (1, 30, 0.7)]]
    y, x = np.mgrid[:31, :40]
    disc = (x - 18) ** 2 + (y - 14) ** 2 < 150
    ring = disc & ((x - 18) ** 2 + (y - 14) ** 2 > 40)
    return [*noise, disc, ring, np.ones((12, 25), bool), np.ones((1, 1), bool), np.eye(9) > 0]


@pytest.mark.parametrize("mask", masks())
def test_depth_is_the_exact_distance_to_the_edge(mask: np.ndarray) -> None:
    assert np.array_equal(squared_depth(mask), slow_depth(mask))


@pytest.mark.parametrize("mask", masks())
def test_the_largest_component_is_as_large_as_walking_finds(mask: np.ndarray) -> None:
    part = largest_component(mask)
    assert not (part & ~mask).any()
    assert part.sum() == max(slow_component_sizes(mask))
    assert len(slow_component_sizes(part)) == 1


def test_corners_that_touch_belong_together() -> None:
    assert largest_component(np.eye(6) > 0).sum() == 6


def test_an_empty_mask_has_no_component() -> None:
    assert not largest_component(np.zeros((4, 5), bool)).any()


def test_the_first_click_is_the_centre_of_a_rectangle() -> None:
    mask = np.zeros((40, 60), bool)
    mask[10:21, 20:51] = True
    assert innermost_pixel(mask)[0] == 15
    click = first_click(mask)
    assert click.positive and click.y == 15.5 and 25 <= click.x <= 46


def test_the_images_border_is_an_edge() -> None:
    half = np.zeros((21, 21), bool)
    half[:, :11] = True
    assert innermost_pixel(half) == (5, 5)


def test_the_next_click_adds_what_is_missing() -> None:
    target = np.zeros((30, 30), bool)
    target[5:25, 5:25] = True
    predicted = target.copy()
    predicted[5:25, 14:25] = False
    click = next_click(target, predicted)
    assert click is not None and click.positive and 14 < click.x < 25


def test_the_next_click_takes_away_the_larger_mistake() -> None:
    target = np.zeros((30, 30), bool)
    target[2:8, 2:8] = True
    predicted = target.copy()
    predicted[12:28, 12:28] = True
    predicted[2, 2] = False
    click = next_click(target, predicted)
    assert click is not None and not click.positive and click.x > 12


def test_a_perfect_mask_needs_no_click() -> None:
    target = np.eye(5) > 0
    assert next_click(target, target.copy()) is None
