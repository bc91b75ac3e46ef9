"""The demo project is made whole, once, by the same services that people use."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import call_command

from samweb.annotations.models import Annotation, JobImage, Operation
from samweb.core.files import store
from samweb.exports import services
from samweb.exports.demo import load
from samweb.projects.models import Image, Project
from tests import cast

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_has_its_pictures_and_one_accepted_example(ada: cast.User, data_dir: Path) -> None:
    call_command("demo", verbosity=0)
    project = Project.objects.get(name="Demo")
    assert Image.objects.filter(project=project).count() == 8
    states = JobImage.objects.filter(project=project).values_list("image__name", "state")
    assert dict(states)["beach-riders.jpg"] == "accepted"
    assert sorted(state for _, state in states) == ["accepted"] + ["new"] * 7
    assert Annotation.objects.filter(project=project, verdict__verdict="accepted").count() == 4
    assert Operation.objects.filter(project=project, kind="annotation.create").count() == 4
    export = services.export_create(project=project, actor=ada, format="coco", include="accepted")
    services.archive_build(export_id=export.pk)
    export.refresh_from_db()
    assert export.report["per_label"]["animal"] == 2
    assert export.report["min_iou"] == 1.0
    with ZipFile(store().path("exports", export.sha256)) as archive:
        content = json.loads(archive.read("instances.json"))
    assert content["licenses"] == [{"id": 1, "name": "CC BY 2.0", "url": ""}]
    assert content["images"][0]["license"] == 1 and "Flickr" in content["images"][0]["credit"]


def test_a_second_time_nothing_happens_also_when_the_demo_was_deleted(
    ada: cast.User, data_dir: Path
) -> None:
    assert load.demo_create(ada) is not None
    assert load.demo_create(ada) is None
    Project.objects.update(deleted_at=ada.date_joined)
    assert load.demo_create(ada) is None


def test_a_demo_that_fails_half_way_leaves_no_rows(
    ada: cast.User, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise load.DemoFailed("no")

    monkeypatch.setattr(load, "_annotate", refuse)
    with pytest.raises(load.DemoFailed):
        load.demo_create(ada)
    assert not Project.objects.filter(name="Demo").exists()


def test_every_picture_names_its_licence_and_whom_to_credit() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for entry in load.manifest()["images"]:
        assert entry["licence"] in {"CC0 1.0", "CC BY 2.0", "CC BY 4.0"}
        assert entry["credit"] and entry["source"].startswith("http")
        assert entry["file"] in notice and entry["credit"] in " ".join(notice.split())
    total = sum(path.stat().st_size for path in load.DATA.iterdir())
    assert total < 2_500_000


def test_the_human_masks_fit_their_pictures() -> None:
    coco = json.loads((load.DATA / "human_masks.json").read_text(encoding="utf-8"))
    sizes = {
        entry["file"]: (entry["width"], entry["height"]) for entry in load.manifest()["images"]
    }
    for image in coco["images"]:
        assert sizes[image["file_name"]] == (image["width"], image["height"])
    by_number = {image["id"]: image for image in coco["images"]}
    for annotation in coco["annotations"]:
        image = by_number[annotation["image_id"]]
        assert annotation["segmentation"]["size"] == [image["height"], image["width"]]
