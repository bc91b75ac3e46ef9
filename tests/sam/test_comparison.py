"""Bundles and classical methods side by side, on the default install where that is enough."""

from __future__ import annotations

import builtins
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from samweb.masks import rle
from workers.sam.clicks import Click
from workers.sam.comparison import better_of, read_set
from workers.sam.evaluation import Item, ModelSegmenter, measure
from workers.sam.predictor import OnnxPredictor, Prompts
from workers.sam.sets import is_held_out
from workers.sam.yardsticks import disc


def disc_mask(x: int, y: int, radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:90, :120] + 0.5
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def rle_of(mask: np.ndarray) -> dict[str, Any]:
    return {"size": list(mask.shape), "counts": rle.encode(mask)}


@pytest.fixture
def sets(tmp_path: Path, photograph: np.ndarray) -> Path:
    """Two sets of one picture with two objects each."""
    for name in ("first", "second"):
        folder = tmp_path / name
        (folder / "images").mkdir(parents=True)
        Image.fromarray(photograph).save(folder / "images" / "disc.png")
        masks = [disc_mask(70, 40, 25), disc_mask(20, 20, 10)]
        coco = {
            "images": [{"id": 1, "file_name": "images/disc.png", "width": 120, "height": 90}],
            "annotations": [
                {"id": number, "image_id": 1, "segmentation": rle_of(mask)}
                for number, mask in enumerate(masks)
            ],
        }
        (folder / "instances.json").write_text(json.dumps(coco))
    return tmp_path


def test_several_sets_and_a_yardstick_make_one_table(sets: Path, tmp_path: Path) -> None:
    said, out, drawn = io.StringIO(), tmp_path / "figures.json", tmp_path / "reliability.png"
    call_command(
        "evaluate", data=sets, against=["disc"], clicks=5, threads=1, json=out, diagram=drawn,
        stdout=said, stderr=io.StringIO(),
    )  # fmt: skip
    figures = json.loads(out.read_text())
    model, discs = figures["methods"]["samweb-small"], figures["methods"]["disc"]
    assert set(model["sets"]) == {"first", "second"} and model["mean"]["objects"] == 4
    assert figures["miou_1"] == model["mean"]["miou_1"] and figures["objects"] == 4
    assert 0 <= model["mean"]["best_of_3"] <= model["mean"]["best_of_all"] <= 1
    assert model["mean"]["calibration_error"] is not None and model["mean"]["box"] > 0
    assert discs["mean"]["calibration_error"] is None and discs["mean"]["best_of_3"] is None
    middle, low, high = figures["differences"]["disc"]["miou_1"]
    assert low <= middle <= high
    text = said.getvalue()
    assert "mean of sets" in text and "disc minus samweb-small" in text
    assert "against the better of disc" in text
    with Image.open(drawn) as picture:
        assert picture.format == "PNG" and len(picture.getcolors(99999)) > 4


def test_one_bundle_stored_in_three_precisions_is_compared_with_itself(
    sets: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    call_command(
        "evaluate", data=sets, sets=["first"], precision=["float32", "float16", "int8"], clicks=5,
        threads=1, json=out, stdout=io.StringIO(), stderr=io.StringIO(),
    )  # fmt: skip
    figures = json.loads(out.read_text())
    assert list(figures["methods"]) == [f"samweb-small {t}" for t in ("float32", "float16", "int8")]
    for by_figure in figures["differences"].values():
        assert abs(by_figure["miou_1"][0]) < 0.02


def test_candidates_and_box_are_measured_from_a_fresh_start(
    shipped: OnnxPredictor, photograph: np.ndarray
) -> None:
    segmenter = ModelSegmenter(shipped)
    segmenter.start(photograph)
    target = disc_mask(70, 40, 25)
    found = measure(segmenter, target, 5)
    again = measure(segmenter, target, 5)
    assert found["ious"] == again["ious"] and found["box"] == again["box"]
    assert found["best_of_all"] >= found["ious"][0] - 1e-9
    assert len(found["predicted"]) == len(found["seconds"]) <= len(found["ious"])


def test_what_finishes_a_mask_decides_what_is_measured(
    shipped: OnnxPredictor, photograph: np.ndarray
) -> None:
    target = disc_mask(70, 40, 25)
    seen: list[tuple[tuple[int, ...], int]] = []

    def finish(image: np.ndarray, low_res: np.ndarray, prompts: Prompts) -> np.ndarray:
        seen.append((low_res.shape, len(prompts.points)))
        assert image is photograph
        return target

    segmenter = ModelSegmenter(shipped, finish=finish)
    segmenter.start(photograph)
    assert measure(segmenter, target, 5)["ious"] == [1.0] * 5
    clicked, boxed = seen[:-1], seen[-1]
    assert set(clicked) == {((128, 128), 1)}, "the click's mask and its candidates"
    assert boxed == ((128, 128), 0), "then the box"


def test_the_disc_has_the_median_size_and_obeys_its_clicks() -> None:
    masks = [disc_mask(60, 45, radius) for radius in (5, 20, 30)]
    items = [Item("a", str(n), rle_of(mask), (120, 90)) for n, mask in enumerate(masks)]
    segmenter = disc.build(items)
    segmenter.start(np.zeros((90, 120, 3), np.uint8))
    drawn = segmenter.segment([Click(60, 45, True)])
    assert np.count_nonzero(drawn) == pytest.approx(np.count_nonzero(masks[1]), rel=0.02)
    assert not segmenter.segment([Click(60, 45, True), Click(60, 45, False)]).any()
    ellipse = segmenter.segment_box((10, 20, 50, 40))
    assert ellipse is not None
    assert np.flatnonzero(ellipse.any(axis=0))[[0, -1]].tolist() == [10, 49]
    assert np.flatnonzero(ellipse.any(axis=1))[[0, -1]].tolist() == [20, 39]


def test_grabcut_finds_the_disc_by_a_click_and_by_a_box(photograph: np.ndarray) -> None:
    pytest.importorskip("cv2", reason="opencv is not installed (extra: train)")
    from workers.sam.yardsticks import grabcut

    segmenter = grabcut.build([])
    segmenter.start(photograph)
    found = measure(segmenter, disc_mask(70, 40, 25), 5)
    assert found["ious"][0] > 0.5 and found["box"] > 0.9


def test_grabcut_without_opencv_is_explained_in_a_sentence(
    sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "cv2":
            raise ModuleNotFoundError("No module named 'cv2'", name="cv2")
        return real(name, *rest, **more)

    import sys

    monkeypatch.delitem(sys.modules, "workers.sam.yardsticks.grabcut", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(CommandError, match=r"GrabCut needs OpenCV.*samweb\[train\]"):
        call_command(
            "evaluate", data=sets, against=["grabcut"], clicks=1, limit=1, stdout=io.StringIO(),
            stderr=io.StringIO(),
        )  # fmt: skip


def test_held_out_leaves_only_images_kept_from_training(sets: Path) -> None:
    file = sets / "first" / "instances.json"
    name = next(f"set{n}" for n in range(99) if is_held_out(f"set{n}", "images/disc.png"))
    assert len(read_set(name, file, sets / "first", held_out=True).items) == 2
    other = next(f"set{n}" for n in range(99) if not is_held_out(f"set{n}", "images/disc.png"))
    with pytest.raises(ValueError, match="holds no objects"):
        read_set(other, file, sets / "first", held_out=True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "Give --coco FILE and --images DIR, or --data DIR"),
        ({"coco": Path("a.json")}, "Give --coco FILE"),
        ({"data": Path("/nowhere")}, "holds no set"),
    ],
)
def test_evaluate_says_what_it_needs(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("evaluate", **options)


def test_the_better_yardstick_is_chosen_for_each_set() -> None:
    grabcut = {"sets": {"a": {"miou_1": 0.5}, "b": {"miou_1": 0.1}}}
    discs = {"sets": {"a": {"miou_1": 0.3}, "b": {"miou_1": 0.4}}}
    assert better_of([grabcut, discs], "miou_1") == 0.45
