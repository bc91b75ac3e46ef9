"""The second look at edges: where it looks, and that it sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.sam.evaluation import iou
from workers.sam.predictor import OnnxPredictor, Prompts
from workers.sam.refinement import Crop, clicked_parts, crop_around, logits_in_crop

GOLDEN = json.loads(
    (Path(__file__).resolve().parents[1] / "contract" / "crop.json").read_text("utf-8")
)
CENTRE = (70.5, 40.5)


def disc(radius: float) -> np.ndarray:
    """The photograph's disc, or one round the same centre: bool 90 x 120."""
    y, x = np.mgrid[:90, :120]
    inside: np.ndarray = (x - 70) ** 2 + (y - 40) ** 2 < radius**2
    return inside


def decoded(mask: np.ndarray) -> np.ndarray:
    """A mask as a decoder would answer it: logits -4 or 4 on the low-res grid of 128 x 128."""
    y, x = np.mgrid[:128, :128]
    rows = np.minimum(((y + 0.5) * 120 / 128).astype(int), 89)
    columns = np.minimum(((x + 0.5) * 120 / 128).astype(int), 119)
    inside = mask[rows, columns] & ((y + 0.5) * 120 / 128 < 90)
    return np.where(inside, 4, -4).astype(np.float32)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["crop"]))
def test_the_crop_is_where_the_golden_file_says(case: dict[str, Any]) -> None:
    logits = np.array(case["logits"], np.float32).reshape(case["low"], case["low"])
    positives = [(x, y) for x, y in case["positives"]]
    size = (case["image"][0], case["image"][1])
    crop = crop_around(logits, positives, size, case["input_size"])
    assert crop == (Crop(*case["crop"]) if case["crop"] else None)
    if crop:
        laid = logits_in_crop(logits, crop, size, case["input_size"], case["side"])
        assert laid.ravel() == pytest.approx(case["laid"], abs=GOLDEN["tolerance"])


@pytest.mark.parametrize("case", GOLDEN["parts"]["cases"], ids=lambda case: str(case["positives"]))
def test_parts_that_nobody_clicked_are_turned_down(case: dict[str, Any]) -> None:
    given = GOLDEN["parts"]
    logits = np.array(given["logits"], np.float32).reshape(given["low"], given["low"])
    positives = [(x, y) for x, y in case["positives"]]
    found = clicked_parts(logits, positives, tuple(given["image"]), given["input_size"])
    assert np.flatnonzero(found.ravel() > 0).tolist() == case["kept"]
    assert np.array_equal(np.abs(found), np.abs(logits))


@pytest.mark.parametrize("radius", [21, 29])
def test_a_mask_too_small_or_too_large_is_laid_along_the_edge_in_the_picture(
    shipped: OnnxPredictor, photograph: np.ndarray, radius: float
) -> None:
    rough, truth = decoded(disc(radius)), disc(25)
    before = iou(shipped.mask(rough, (120, 90)), truth)
    after = iou(shipped.refined_mask(photograph, rough, Prompts(points=[(*CENTRE, 1)])), truth)
    assert before < 0.8
    assert after > 0.95


def test_a_negative_click_takes_its_colour_away(shipped: OnnxPredictor) -> None:
    picture = np.full((90, 120, 3), (40, 60, 50), np.uint8)
    picture[20:60, 20:60], picture[20:60, 60:100] = (220, 60, 40), (60, 80, 220)
    both = np.zeros((90, 120), bool)
    both[20:60, 20:100] = True
    points = [(40.5, 40.5, 1), (80.5, 40.5, 0)]
    unsure = decoded(both) / 4
    mask = shipped.refined_mask(picture, unsure, Prompts(points=points))
    assert mask[40, 40] and not mask[40, 80]


def test_nothing_decoded_and_nothing_clicked_stays_nothing(
    shipped: OnnxPredictor, photograph: np.ndarray
) -> None:
    nothing = np.full((128, 128), -4, np.float32)
    assert not shipped.refined_mask(photograph, nothing, Prompts(box=(10, 10, 40, 40))).any()


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (700, 2)])
def test_any_size_of_picture_can_be_looked_at(shipped: OnnxPredictor, size: tuple) -> None:
    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    logits = np.full((128, 128), 4, np.float32)
    prompts = Prompts(points=[(size[0] / 2, size[1] / 2, 1)])
    assert shipped.refined_mask(picture, logits, prompts).shape == (size[1], size[0])


def test_the_graph_says_what_pytorch_says(untrained: tuple[Any, OnnxPredictor]) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    from workers.sam.export.edge_refiner import CROP_SIZE, EdgeRefiner

    rng = np.random.default_rng(2)
    crop = rng.normal(0, 1, (1, 3, CROP_SIZE, CROP_SIZE)).astype(np.float32)
    crop[..., 150:] = 0  # padding
    feeds = {
        "crop": crop,
        "coarse_logits": rng.normal(0, 2, (1, 1, CROP_SIZE, CROP_SIZE)).astype(np.float32),
        "point_coords": np.array([[[50, 60], [100, 20]]], np.float32),
        "point_labels": np.array([[1, 0]], np.float32),
    }
    session = untrained[1]._session("refine")
    assert session is not None
    (found,) = session.run(["refined_logits"], feeds)
    with torch.no_grad():
        wanted = EdgeRefiner()(*(torch.from_numpy(value) for value in feeds.values())).numpy()
    assert np.isfinite(found).all()
    assert np.abs(found - wanted).max() < 5e-3


def test_a_bundle_without_the_graph_gives_the_mask_as_decoded(
    untrained: tuple[Any, OnnxPredictor], photograph: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = untrained[1]
    monkeypatch.setattr(predictor, "_session", lambda graph: None)
    rough = decoded(disc(20))
    mask = predictor.refined_mask(photograph, rough, Prompts(points=[(*CENTRE, 1)]))
    assert np.array_equal(mask, predictor.mask(rough, (120, 90)))
