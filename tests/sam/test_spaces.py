"""From image to model space: one golden file, held by Python and TypeScript alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workers.sam.preprocess import MEAN, STD, Square, image_to_model, model_size, preprocess

GOLDEN = json.loads(
    (Path(__file__).resolve().parents[1] / "contract" / "spaces.json").read_text("utf-8")
)


@pytest.mark.parametrize(
    "case", GOLDEN["cases"], ids=lambda case: "x".join(map(str, case["image"]))
)
def test_clicks_land_where_the_golden_file_says(case: dict) -> None:
    width, height = case["image"]
    square = Square(case["input_size"], case.get("stretched", False))
    assert list(model_size(width, height, square)) == case["new"]
    points = np.array([point["image"] for point in case["points"]], float)
    expected = np.array([point["model"] for point in case["points"]])
    found = image_to_model(points, (width, height), square)
    assert found == pytest.approx(expected, abs=2e-4)  # float32 of numbers around a thousand


def test_a_click_on_a_pixels_centre_is_that_pixels_index_when_nothing_scales() -> None:
    assert image_to_model(np.array([3.5, 4.5]), (256, 100), 256).tolist() == [3.0, 4.0]


def test_an_image_is_scaled_into_the_top_left_corner_and_padded_with_zeros() -> None:
    picture = np.full((30, 60, 3), (200, 100, 50), np.uint8)
    tensor = preprocess(picture, 64)
    assert tensor.shape == (3, 64, 64) and tensor.dtype == np.float32
    expected = (np.array([200, 100, 50]) - MEAN) / STD
    assert np.allclose(tensor[:, :32], expected[:, None, None], atol=1e-5)
    assert not tensor[:, 32:].any()


def test_a_stretched_image_fills_the_square() -> None:
    picture = np.zeros((30, 60, 3), np.uint8)
    picture[:, 30:] = 255
    tensor = preprocess(picture, Square(64, stretched=True))
    dark, light = (np.array([0, 255])[:, None] - MEAN) / STD
    assert np.allclose(tensor[:, :, 0], dark[:, None], atol=1e-5)
    assert np.allclose(tensor[:, :, -1], light[:, None], atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1411, 7), (7, 1411), (4000, 3000)])
def test_every_shape_of_image_fits(size: tuple[int, int]) -> None:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    assert preprocess(picture, 256).shape == (3, 256, 256)
