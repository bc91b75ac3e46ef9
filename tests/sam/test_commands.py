"""`manage.py segment` and `evaluate` from the shell, on the default install."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from samweb.masks import rle


@pytest.fixture
def picture(tmp_path: Path, photograph: np.ndarray) -> Path:
    path = tmp_path / "disc.png"
    Image.fromarray(photograph).save(path)
    return path


def test_segment_writes_a_mask_of_the_images_size(picture: Path, tmp_path: Path) -> None:
    out, said = tmp_path / "mask.png", io.StringIO()
    call_command("segment", str(picture), point=["70.5,40.5"], out=out, stdout=said)
    with Image.open(out) as mask:
        assert mask.mode == "L" and mask.size == (120, 90)
        pixels = np.array(mask)
    assert set(np.unique(pixels)) <= {0, 255}
    assert pixels[40, 70] == 255, "the clicked pixel belongs to its object"
    assert "predicted IoU" in said.getvalue()


def test_segment_takes_boxes_and_negative_points(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "mask.png"
    call_command(
        "segment", str(picture), point=["70,40,1", "5,5,0"], box="44,14,96,66", out=out,
        stdout=io.StringIO(),
    )  # fmt: skip
    assert np.array(Image.open(out))[5, 5] == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "Give at least one --point"),
        ({"point": ["1"]}, "must be 2 or 3 numbers"),
        ({"point": ["1,nan"]}, "must be 2 or 3 numbers"),
        ({"point": ["1,2,7"]}, "must be 1"),
        ({"point": ["500,2"]}, "outside the 120 x 90 image"),
        ({"box": "10,10,10,20"}, "is empty"),
        ({"box": "10,10,20"}, "must be 4 numbers"),
        ({"box": "10,10,20,900"}, "outside the 120 x 90 image"),
        ({"point": ["5,5"], "bundle": "nobody"}, "There is no bundle"),
    ],
)
def test_segment_explains_bad_input_in_a_sentence(
    picture: Path, tmp_path: Path, options: dict, sentence: str
) -> None:
    out = tmp_path / "mask.png"
    with pytest.raises(CommandError, match=sentence):
        call_command("segment", str(picture), out=out, **options)
    assert not out.exists()


def test_segment_names_the_file_that_is_no_image(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not a picture")
    with pytest.raises(CommandError, match=r"bad\.png cannot be read as an image"):
        call_command("segment", str(bad), point=["1,1"], out=tmp_path / "mask.png")
    with pytest.raises(CommandError, match=r"none\.png does not exist"):
        call_command("segment", str(tmp_path / "none.png"), point=["1,1"], out=tmp_path / "m.png")


def test_evaluate_writes_the_figures(picture: Path, tmp_path: Path) -> None:
    y, x = np.mgrid[:90, :120]
    disc = (x - 70) ** 2 + (y - 40) ** 2 < 25**2
    segmentation = {"size": [90, 120], "counts": rle.encode(disc)}
    coco = {
        "images": [{"id": 1, "file_name": picture.name, "width": 120, "height": 90}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": segmentation},
            {"id": 2, "image_id": 1, "segmentation": segmentation, "iscrowd": 1},
        ],
        "categories": [{"id": 1, "name": "disc"}],
    }
    file, out = tmp_path / "instances.json", tmp_path / "figures.json"
    file.write_text(json.dumps(coco))
    call_command("evaluate", coco=file, images=tmp_path, json=out, stdout=io.StringIO())
    figures = json.loads(out.read_text())
    assert figures["objects"] == 1
    assert {"miou_1", "miou_3", "miou_5", "noc85", "noc90"} <= set(figures)
    assert 0 <= figures["miou_1"] <= 1 <= figures["noc85"] <= figures["noc90"] <= 20


def test_evaluate_explains_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("evaluate", coco=tmp_path / "none.json", images=tmp_path)
    (tmp_path / "bad.json").write_text("[1]")
    with pytest.raises(CommandError, match="not a COCO instances file"):
        call_command("evaluate", coco=tmp_path / "bad.json", images=tmp_path)
