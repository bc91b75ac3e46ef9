"""What a later click may change of the mask before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.sam.correction import corrected
from workers.sam.predictor import OnnxPredictor, Prompts

GOLDEN = json.loads(
    (Path(__file__).resolve().parents[1] / "contract" / "correction.json").read_text("utf-8")
)
SIDE, INPUT = 32, 64


def square(first: int, last: int) -> np.ndarray:
    """Logits 3 in rows and columns first..last (exclusive), -3 elsewhere."""
    logits = np.full((SIDE, SIDE), -3, np.float32)
    logits[first:last, first:last] = 3
    return logits


def on_cell(row: int, column: int) -> np.ndarray:
    """A click in the middle of a cell, in model space."""
    return np.array([2 * column + 0.5, 2 * row + 0.5])


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["click"]))
def test_a_correction_is_what_the_golden_file_says(case: dict[str, Any]) -> None:
    grids = (
        np.array(GOLDEN[name], np.float32).reshape(GOLDEN["low"], GOLDEN["low"])
        for name in ("before", "decoded")
    )
    found = corrected(*grids, np.array(case["click"]), case["positive"], GOLDEN["input_size"])
    assert np.flatnonzero(found.ravel() > 0).tolist() == case["on"]
    assert found.sum(dtype=np.float64) == pytest.approx(case["sum"], abs=1e-3)


def test_a_positive_click_takes_nothing_away_and_a_negative_one_adds_nothing() -> None:
    before, decoded = square(4, 20), square(12, 28)
    more = corrected(before, decoded, on_cell(24, 24), True, INPUT)
    assert (more >= before).all() and (more > before).any()
    less = corrected(before, decoded, on_cell(6, 6), False, INPUT)
    assert (less <= before).all() and (less < before).any()


def test_a_click_near_the_edge_leaves_the_far_side_alone() -> None:
    before, nothing = square(4, 28), np.full((SIDE, SIDE), -3, np.float32)
    less = corrected(before, nothing, on_cell(5, 16), False, INPUT)
    assert (less[5:9, 16] < 0).all()
    assert np.array_equal(less[12:], before[12:])


def test_a_click_far_from_every_edge_may_change_all() -> None:
    before, nothing = square(2, 30), np.full((SIDE, SIDE), -3, np.float32)
    assert (corrected(before, nothing, on_cell(16, 16), False, INPUT) < 0).all()


def test_only_the_third_click_and_later_ones_correct(shipped: OnnxPredictor) -> None:
    before, decoded = square(4, 20), square(12, 28)
    points = [(20.5, 20.5, 1), (40.5, 40.5, 1), (100.5, 100.5, 1)]

    def after(clicks: int, mask_input: np.ndarray | None) -> np.ndarray:
        prompts = Prompts(points=points[:clicks], mask_input=mask_input)
        return shipped.corrected(decoded, prompts, (120, 120))

    assert np.array_equal(after(2, before), decoded)
    assert np.array_equal(after(3, None), decoded)
    assert (after(3, before) >= before).all()
