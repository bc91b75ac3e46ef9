"""The RLE codec against pycocotools, against the golden file, and against hostile input."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco

from samweb.masks import rle

GOLDEN = json.loads((Path(__file__).parent / "rle.json").read_text())


def named(kind: str) -> Any:
    return pytest.mark.parametrize("case", GOLDEN[kind], ids=lambda case: case["name"])


def coco_string(mask: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


masks = arrays.arrays(
    np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.booleans()
)
SMALL = st.integers(1, 16)


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = (draw(SMALL), draw(SMALL))
    one = arrays.arrays(np.bool_, shape, elements=st.booleans())
    return draw(one), draw(one)


@named("cases")
def test_golden_cases_hold(case: dict[str, Any]) -> None:
    height, width = case["size"]
    counts = rle.counts_of(case["counts"], height, width)
    assert counts.tolist() == case["runs"]
    assert rle.counts_of(case["runs"], height, width).tolist() == case["runs"]
    assert rle.string_of(counts) == case["counts"]
    assert rle.area(counts) == case["area"]
    assert rle.bbox(counts, height) == case["bbox"]
    mask = rle.decode(case["counts"], height, width)
    assert mask.shape == (height, width)
    assert rle.encode(mask) == case["counts"] == coco_string(mask)
    if "rows" in case:
        assert ["".join(".#"[int(value)] for value in row) for row in mask] == case["rows"]


@named("patches")
def test_golden_patches_hold(case: dict[str, Any]) -> None:
    height, width = case["size"]
    before = rle.counts_of(case["before"], height, width)
    after = rle.apply_patch(before, height, width, case["bbox"], case["patch"])
    assert rle.string_of(after) == case["after"]


@named("same")
def test_empty_runs_are_brought_to_canonical_form(case: dict[str, Any]) -> None:
    assert rle.string_of(rle.counts_of(case["counts"], *case["size"])) == case["canonical"]


@named("bad")
def test_malformed_rle_is_refused_before_anything_is_decoded(case: dict[str, Any]) -> None:
    with pytest.raises(rle.RleError):
        rle.decode(case["counts"], *case["size"])


@given(masks)
def test_strings_area_and_box_are_those_of_pycocotools(mask: np.ndarray) -> None:
    height, width = mask.shape
    text = rle.encode(mask)
    assert text == coco_string(mask)
    counts = rle.counts_of(text, height, width)
    assert (rle.mask_of(counts, height, width) == mask).all()
    reference = {"size": [height, width], "counts": text.encode()}
    assert rle.area(counts) == int(coco.area(reference)) == int(mask.sum())
    ys, xs = np.nonzero(mask)
    box = (
        [int(v) for v in (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)]
        if xs.size
        else [0, 0, 0, 0]
    )
    assert rle.bbox(counts, height) == box


@given(mask_pairs())
def test_run_algebra_equals_pixel_algebra(pair: tuple[np.ndarray, np.ndarray]) -> None:
    one, two = pair
    height, width = one.shape
    first, second = rle.counts_of_mask(one), rle.counts_of_mask(two)
    assert rle.intersection(first, second) == int((one & two).sum())
    union = int((one | two).sum())
    assert rle.iou(first, second) == pytest.approx(int((one & two).sum()) / union if union else 1)
    assert rle.string_of(rle.xor(first, second)) == coco_string(one ^ two)
    assert rle.string_of(rle.union(first, second)) == coco_string(one | two)


@given(mask_pairs(), st.data())
def test_a_patch_in_a_box_turns_one_mask_into_the_other(
    pair: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    before, noise = pair
    height, width = before.shape
    x = data.draw(st.integers(0, width - 1))
    y = data.draw(st.integers(0, height - 1))
    w = data.draw(st.integers(1, width - x))
    h = data.draw(st.integers(1, height - y))
    after = before.copy()
    after[y : y + h, x : x + w] ^= noise[y : y + h, x : x + w]
    patch = rle.encode(noise[y : y + h, x : x + w])
    result = rle.apply_patch(rle.counts_of_mask(before), height, width, [x, y, w, h], patch)
    assert rle.string_of(result) == coco_string(after)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.decode("latin-1")))
def test_any_text_is_decoded_or_refused_with_a_reason(text: str) -> None:
    try:
        mask = rle.decode(text, 5, 7)
    except rle.RleError as error:
        assert str(error)
    else:
        assert mask.shape == (5, 7)


@given(st.lists(st.integers(-2, 40) | st.just(2**40), max_size=30))
def test_any_list_is_decoded_or_refused_with_a_reason(runs: list[int]) -> None:
    try:
        counts = rle.counts_of(runs, 5, 7)
    except rle.RleError:
        assert sum(runs) != 35 or min(runs) < 0
    else:
        assert counts.sum() == 35
        assert (counts[1:] > 0).all()


@pytest.mark.parametrize(
    "box", [None, [0, 0, 1], [0, 0, 0, 1], [-1, 0, 2, 2], [6, 0, 2, 1], [0.0, 0, 1, 1], [True] * 4]
)
def test_a_patch_outside_the_image_is_refused(box: object) -> None:
    counts = rle.counts_of_mask(np.zeros((5, 7), bool))
    with pytest.raises(rle.RleError) as caught:
        rle.apply_patch(counts, 5, 7, box, "1")
    assert caught.value.code == "bad_box"


def test_twelve_megapixels_take_a_fraction_of_a_second() -> None:
    rows, columns = np.ogrid[:3000, :4000]
    mask = (columns - 2000) ** 2 + (rows - 1500) ** 2 < 1400**2
    began = time.perf_counter()
    text = rle.encode(mask)
    back = rle.decode(text, 3000, 4000)
    assert time.perf_counter() - began < 2  # a tenth of that where it was written
    assert (back == mask).all()
