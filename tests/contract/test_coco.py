"""The COCO export, read by the reader everybody uses: pycocotools."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as foreign
from pycocotools.coco import COCO

from samweb.core.files import store
from samweb.exports import outlines, services
from samweb.exports.models import Export
from samweb.masks import rle
from tests import cast, drawing

SHAPES = ["one_pixel", "full", "hole", "two_parts", "border", "touching_corners"]


def shape(name: str, height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), dtype=bool)
    if name == "one_pixel":
        mask[3, 5] = True
    elif name == "full":
        mask[:] = True
    elif name == "hole":
        mask[2:20, 2:20] = True
        mask[5:9, 5:9] = False
    elif name == "two_parts":
        mask[0:4, 0:4] = mask[10:14, 20:30] = True
    elif name == "border":
        mask[:, 0] = mask[0, :] = mask[-1, :] = True
    else:
        mask[4:8, 4:8] = mask[8:12, 8:12] = True
    return mask


@pytest.fixture
def exported(orchard: cast.Project, ada: cast.User, data_dir: Path, tmp_path: Path) -> Path:
    """Two pictures that are not square, with every awkward shape, as files on disk."""
    apple, leaf = orchard.labels.order_by("order")
    for name, height, width in (("wide.jpg", 23, 61), ("tall.jpg", 61, 31)):
        image = cast.image(orchard, name, width=width, height=height)
        drawing.job_image(image, "accepted")
        for index, wanted in enumerate(SHAPES):
            label = apple if index % 2 else leaf
            drawing.annotation(
                image, label, shape(wanted, height, width), order_key=f"a{index}",
                iscrowd=wanted == "two_parts" and name == "tall.jpg",
            )  # fmt: skip
    cast.image(orchard, "not reviewed.jpg", width=9, height=9)
    export = services.export_create(project=orchard, actor=ada, format="coco")
    services.archive_build(export_id=export.pk)
    export.refresh_from_db()
    with zipfile.ZipFile(store().path("exports", export.sha256)) as archive:
        archive.extractall(tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("file", ["instances.json", "instances_polygons.json"])
def test_pycocotools_reads_every_mask_pixel_for_pixel(exported: Path, file: str) -> None:
    coco = COCO(str(exported / file))
    images = coco.loadImgs(coco.getImgIds())
    assert [image["file_name"] for image in images] == ["wide.jpg", "tall.jpg"]
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == ["apple", "leaf"]
    for image in images:
        found = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        assert len(found) == len(SHAPES)
        for annotation, name in zip(found, SHAPES, strict=True):
            stored = shape(name, image["height"], image["width"])
            assert np.array_equal(coco.annToMask(annotation).astype(bool), stored), name
            assert annotation["area"] == stored.sum()
            rows, columns = np.nonzero(stored)
            assert annotation["bbox"] == [
                columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
            ]  # fmt: skip


def test_polygons_are_used_wherever_they_can_say_the_mask(exported: Path) -> None:
    coco = COCO(str(exported / "instances_polygons.json"))
    kinds = [
        "polygon" if isinstance(annotation["segmentation"], list) else "rle"
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=2))
    ]
    assert kinds == ["polygon", "polygon", "rle", "rle", "polygon", "polygon"]
    report = Export.objects.get().report
    assert (report["polygons"], report["rle_in_polygons_file"]) == (9, 3)


@given(st.integers(1, 24), st.integers(1, 24), st.floats(0.05, 0.98), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_a_polygon_gives_back_exactly_the_mask_it_was_made_of(
    height: int, width: int, density: float, seed: int
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < density
    counts = rle.counts_of_mask(mask)
    polygons = outlines.of_mask(counts, height, width)
    if polygons is None:
        return
    assert np.array_equal(outlines.to_mask(polygons, height, width), counts)
    if polygons:
        theirs = foreign.decode(foreign.merge(foreign.frPyObjects(polygons, height, width)))
        assert np.array_equal(theirs.astype(bool), mask)
