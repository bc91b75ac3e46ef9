"""An embedding's bytes: one golden file for Python and TypeScript (frontend/src/decoder)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samweb import tensors

GOLDEN = json.loads((Path(__file__).parent / "tensors.json").read_text("utf-8"))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_tensors_become_the_golden_bytes_and_come_back(case: dict[str, Any]) -> None:
    given = np.array(case["given"], np.float32).reshape(case["shape"])
    content = tensors.to_bytes(given, case["dtype"])
    assert content.hex() == case["bytes"]
    assert len(content) == tensors.stored_bytes(case["shape"], case["dtype"])
    kept = tensors.from_bytes(content, case["shape"], case["dtype"])
    assert kept.astype(np.float32).ravel().tolist() == case["kept"]


def test_int8_errs_by_half_a_step_of_its_channel() -> None:
    values = np.random.default_rng(0).normal(0, [[[1.0]], [[50.0]]], (1, 2, 8, 8))
    kept = tensors.as_stored(values, "int8")
    for channel in range(2):
        step = np.abs(values[0, channel]).max() / 127
        assert np.abs(values - kept)[0, channel].max() <= 0.5001 * step


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_storing_what_was_stored_changes_nothing(dtype: str) -> None:
    once = tensors.as_stored(np.random.default_rng(1).normal(size=(1, 96, 32, 32)), dtype)
    assert np.allclose(tensors.as_stored(once, dtype), once, rtol=1e-6, atol=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_numbers_that_are_not_finite_are_refused(dtype: str, bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        tensors.to_bytes(np.array([[[1.0, bad]]]), dtype)


def test_bytes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        tensors.from_bytes(b"12345", (1, 1, 1), "float32")
    with pytest.raises(ValueError, match="do not fit"):
        tensors.from_bytes(b"1234", (1, 1, 1), "int8")
