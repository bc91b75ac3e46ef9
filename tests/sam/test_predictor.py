"""The shipped bundle answers every kind of prompt, in the shapes its manifest states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samweb.tensors import as_stored
from workers.sam.bundle import BundleError
from workers.sam.predictor import OnnxPredictor, Prompts, upscale_logits
from workers.sam.selection import choose, contradictions, stability

SIZE = (120, 90)
DISC = Prompts(points=[(70.5, 40.5, 1)])


def test_an_embedding_is_what_the_manifest_says(
    shipped: OnnxPredictor, photograph: np.ndarray
) -> None:
    first, second = shipped.encode([photograph, photograph[:, ::-1]])
    for spec in shipped.bundle.tensors:
        assert first[spec.name].shape == spec.shape
        assert np.allclose(as_stored(first[spec.name], spec.dtype), first[spec.name], rtol=1e-5)
        assert np.isfinite(first[spec.name]).all()
    assert np.abs(first["image_embeddings"] - second["image_embeddings"]).max() > 0.1
    alone = shipped.encode([photograph])[0]
    assert np.allclose(alone["image_embeddings"], first["image_embeddings"], atol=0.05)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_any_number_of_points_is_decoded(
    shipped: OnnxPredictor, photograph: np.ndarray, count: int
) -> None:
    points = [(20.0 * index + 10, 40.5, index % 2) for index in range(count)]
    logits, ious = shipped.decode(shipped.encode([photograph])[0], Prompts(points=points), SIZE)
    height, width = shipped.bundle.manifest["low_res_size"]
    assert logits.shape == (4, height, width) and ious.shape == (4,)
    assert np.isfinite(logits).all() and (ious >= 0).all() and (ious <= 1).all()


def test_boxes_masks_and_learned_tokens_change_the_answer(
    shipped: OnnxPredictor, photograph: np.ndarray
) -> None:
    prepared = shipped.prepare(shipped.encode([photograph])[0])
    plain, _ = shipped.decode_prepared(prepared, DISC, SIZE)
    box = Prompts(points=DISC.points, box=(45, 15, 95, 65))
    fed_back = Prompts(points=DISC.points, mask_input=plain[0])
    tokens = np.random.default_rng(0).normal(size=(2, 96))
    taught = Prompts(points=DISC.points, tokens=tokens)
    for prompts in (box, Prompts(box=box.box), fed_back, taught):
        logits, _ = shipped.decode_prepared(prepared, prompts, SIZE)
        assert logits.shape == plain.shape
        assert np.abs(logits - plain).max() > 0.01


def test_a_prompt_must_ask_for_something(shipped: OnnxPredictor, photograph: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least one point or a box"):
        shipped.decode(shipped.encode([photograph])[0], Prompts(), SIZE)


def test_a_missing_bundle_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"holds no manifest\.json"):
        OnnxPredictor(tmp_path)


@pytest.mark.parametrize("size", [(64, 48), (300, 211), (97, 401), (20, 13), (128, 128)])
def test_upscaling_is_the_stated_formula_at_every_pixel(size: tuple[int, int]) -> None:
    low = np.random.default_rng(2).normal(size=(32, 32)).astype(np.float32)
    width, height = size
    scale = 64 / max(size)
    found = upscale_logits(low, size)
    assert found.shape == (height, width) and found.dtype == np.float32
    sides = [max(1, int(side * scale + 0.5)) for side in size]
    for x, y in [(0, 0), (width - 1, height - 1), (width // 2, height // 3), (width - 1, 0)]:
        at_x = np.clip((x + 0.5) * sides[0] / width / 2 - 0.5, 0, 31)
        at_y = np.clip((y + 0.5) * sides[1] / height / 2 - 0.5, 0, 31)
        left, top = min(int(at_x), 30), min(int(at_y), 30)
        square = low[top : top + 2, left : left + 2]
        rows = square[:, 0] + (square[:, 1] - square[:, 0]) * (at_x - left)
        expected = rows[0] + (rows[1] - rows[0]) * (at_y - top)
        assert found[y, x] == pytest.approx(expected, abs=1e-4)


def test_a_mask_that_disobeys_its_click_is_not_chosen() -> None:
    logits = np.full((4, 8, 8), -5.0)
    logits[1] = 5.0
    logits[2, :4, :4] = 5.0
    coords, labels = np.array([[3.0, 3.0]]), np.array([1.0])
    assert contradictions(logits, coords, labels, 16).tolist() == [1, 0, 0, 1]
    assert stability(logits)[1] == 1
    even = np.full(4, 0.5)
    assert choose(logits, even, coords, labels, 16, single_candidate=0) in (1, 2)


def test_after_the_first_click_the_single_mask_is_taken() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 8, 8))
    ious = np.array([0.1, 0.9, 0.9, 0.9])
    two = np.array([[3.0, 3.0], [9.0, 9.0]])
    assert choose(logits, ious, two, np.array([1.0, 0.0]), 16, single_candidate=0) == 0
    assert choose(logits, ious, two[:1], np.array([1.0]), 16, 0, has_mask_input=True) == 0
    assert choose(logits, ious, two, np.array([2.0, 3.0]), 16, single_candidate=0) == 0


def test_a_model_may_have_its_masks_rated_for_a_second_click_too() -> None:
    logits = np.full((4, 8, 8), 5.0)
    logits[1, 2, 2] = -5.0
    ious, labels = np.array([0.1, 0.9, 0.8, 0.1]), np.array([1.0, 1.0])
    two = np.array([[3.0, 3.0], [5.0, 5.0]])
    assert choose(logits, ious, two, labels, 16, 0, True, scored_clicks=2) == 2
    assert choose(logits, ious, two, np.array([2.0, 3.0]), 16, 0, True, scored_clicks=2) == 0
    three = np.vstack([two, two[:1]])
    assert choose(logits, ious, three, np.ones(3), 16, 0, True, scored_clicks=2) == 0
