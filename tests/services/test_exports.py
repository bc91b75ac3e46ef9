"""What leaves is right: snapshots, archives, reading back, deleting."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection, connections
from PIL import Image as Pillow

from samweb.accounts.models import AuditEvent
from samweb.config import env
from samweb.core import runs
from samweb.core.errors import Forbidden, Rejected, TooMany
from samweb.core.files import store
from samweb.core.models import Run
from samweb.exports import services, snapshot
from samweb.exports.formats import coco
from samweb.exports.models import Export
from samweb.exports.names import UniqueNames, cell, safe_path
from samweb.masks import rle
from tests import cast, drawing


def built(export: Export) -> tuple[Export, zipfile.ZipFile]:
    """The export after its run, and its archive."""
    services.archive_build(export_id=export.pk)
    export.refresh_from_db()
    return export, zipfile.ZipFile(store().path("exports", export.sha256))


def asked(project: cast.Project, actor: cast.User, **options: Any) -> Export:
    options = {"format": "coco", "include": "all", **options}
    return services.export_create(project=project, actor=actor, **options)


@pytest.fixture
def reviewed(orchard: cast.Project, picture: cast.Image, data_dir: Path) -> cast.Image:
    """`picture` accepted, with two overlapping apples, a leaf with a hole and a rejected apple."""
    apple, leaf = orchard.labels.order_by("order")
    drawing.job_image(picture, "accepted")
    drawing.annotation(picture, apple, drawing.box(picture, 0, 0, 10, 10), order_key="a")
    drawing.annotation(picture, apple, drawing.box(picture, 5, 5, 10, 8), order_key="b")
    ring = drawing.box(picture, 30, 10, 20, 20) & ~drawing.box(picture, 35, 15, 5, 5)
    drawing.annotation(picture, leaf, ring, order_key="c")
    wrong = drawing.annotation(picture, apple, drawing.box(picture, 50, 30, 4, 4), order_key="d")
    drawing.verdict(wrong, "rejected")
    return picture


def test_the_same_state_gives_the_same_bytes(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    for format in ("coco", "png"):
        first, _ = built(asked(orchard, ada, format=format))
        Run.objects.update(state="done")
        second, _ = built(asked(orchard, ada, format=format))
        Run.objects.update(state="done")
        assert first.sha256 == second.sha256


def test_a_rejected_object_does_not_leave_with_accepted_work_and_the_report_says_so(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    export, archive = built(asked(orchard, ada, include="accepted"))
    content = json.loads(archive.read("instances.json"))
    assert len(content["annotations"]) == 3
    assert export.report["left_out"] == {"rejected": 1}
    assert export.report["per_label"] == {"apple": 2, "leaf": 1}
    assert export.report["min_iou"] == 1.0 and export.report["read_back"] is True


def test_include_decides_which_images_leave(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    submitted = cast.image(orchard, "b.jpg", width=8, height=8)
    drawing.job_image(submitted, "submitted", nothing_to_label=True)
    drawing.job_image(cast.image(orchard, "c.jpg", width=8, height=8), "in_work")
    gone = cast.image(orchard, "d.jpg", width=8, height=8)
    gone.deleted_at = gone.created
    gone.save()

    def names(include: str) -> list[str]:
        Run.objects.update(state="done")
        _, archive = built(asked(orchard, ada, include=include))
        content = json.loads(archive.read("instances.json"))
        return [image["file_name"] for image in content["images"]]

    assert names("accepted") == ["tree.jpg"]
    assert names("submitted") == ["tree.jpg", "b.jpg"]
    assert names("all") == ["tree.jpg", "b.jpg", "c.jpg"]


def test_an_image_with_nothing_to_label_leaves_without_annotations(
    orchard: cast.Project, picture: cast.Image, ada: cast.User, data_dir: Path
) -> None:
    drawing.job_image(picture, "accepted", nothing_to_label=True)
    _, archive = built(asked(orchard, ada, include="accepted"))
    content = json.loads(archive.read("instances.json"))
    assert content["images"][0]["nothing_to_label"] is True
    assert content["annotations"] == []
    _, archive = built(asked(orchard, ada, include="accepted", format="png"))
    image = Pillow.open(io.BytesIO(archive.read("instances/tree.jpg.png")))
    assert not np.asarray(image).any()


def test_an_object_without_a_label_and_one_of_a_deleted_label_leave_too(
    orchard: cast.Project, picture: cast.Image, ada: cast.User, data_dir: Path
) -> None:
    apple = orchard.labels.get(name="apple")
    drawing.annotation(picture, apple, drawing.box(picture, 0, 0, 3, 3), order_key="a")
    drawing.annotation(picture, None, drawing.box(picture, 9, 9, 3, 3), order_key="b")
    apple.deleted_at = apple.created
    apple.save()
    export, archive = built(asked(orchard, ada))
    content = json.loads(archive.read("instances.json"))
    assert [c["name"] for c in content["categories"]] == ["leaf", "apple (deleted)", "(no label)"]
    assert [a["category_id"] for a in content["annotations"]] == [2, 3]
    assert export.report["per_label"] == {"leaf": 0, "apple (deleted)": 1, "(no label)": 1}


def test_only_the_labels_asked_for_leave(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    leaf = orchard.labels.get(name="leaf")
    export, archive = built(asked(orchard, ada, labels=[leaf.pk]))
    assert len(json.loads(archive.read("instances.json"))["annotations"]) == 1
    assert export.report["left_out"] == {"other_label": 3}


def test_overlapped_objects_keep_every_pixel_in_the_png_export(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    export, archive = built(asked(orchard, ada, include="accepted", format="png"))
    assert export.report["overlapped_objects"] == 1
    index = np.asarray(Pillow.open(io.BytesIO(archive.read("instances/tree.jpg.png"))))
    labels = np.asarray(Pillow.open(io.BytesIO(archive.read("labels/tree.jpg.png"))))
    own = [name for name in archive.namelist() if name.startswith("objects/")]
    assert len(own) == 1
    whole = np.asarray(Pillow.open(io.BytesIO(archive.read(own[0]))))
    covered = int(own[0].split("/")[-1].removesuffix(".png"))
    assert whole.sum() > (index == covered).sum() > 0
    assert set(np.unique(labels)) == {0, 1, 2}
    manifest = json.loads(archive.read("manifest.json"))
    assert [o["number"] for o in manifest["images"][0]["objects"]] == [1, 2, 3]


def test_more_than_255_objects_make_a_sixteen_bit_index(
    orchard: cast.Project, ada: cast.User, data_dir: Path
) -> None:
    image = cast.image(orchard, "many.png", width=300, height=4)
    leaf = orchard.labels.get(name="leaf")
    for x in range(300):
        drawing.annotation(image, leaf, drawing.box(image, x, 1, 1, 2), order_key=f"{x:04}")
    _, archive = built(asked(orchard, ada, format="png"))
    index = np.asarray(Pillow.open(io.BytesIO(archive.read("instances/many.png.png"))))
    assert index.dtype == np.uint16 and index[1].tolist() == list(range(1, 301))


def test_a_mask_that_was_written_wrong_fails_the_run_and_leaves_no_file(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = coco._rle

    def shifted(thing: Any, picture: Any) -> dict[str, Any]:
        answer = right(thing, picture)
        mask = rle.decode(answer["counts"], picture.height, picture.width)
        return {**answer, "counts": rle.encode(np.roll(mask, 1, axis=1))}

    monkeypatch.setattr(coco, "_rle", shifted)
    export = asked(orchard, ada)
    with pytest.raises(runs.Refused, match="not the stored one"):
        services.archive_build(export_id=export.pk)
    export.refresh_from_db()
    assert export.sha256 == ""
    assert not list((store().root / "exports").rglob("*")) if store().root.exists() else True
    assert not list(store().temporary.iterdir())


def test_a_cancelled_build_stops_and_leaves_nothing(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    export = asked(orchard, ada)
    with pytest.raises(runs.Cancelled):
        services.archive_build(export_id=export.pk, cancelled=lambda: True)
    assert not list(store().temporary.iterdir())


def test_roles_decide_who_exports_what(
    orchard: cast.Project, ben: cast.User, dan: cast.User, max_: cast.User
) -> None:
    with pytest.raises(Forbidden):
        asked(orchard, dan, include="accepted")
    with pytest.raises(Forbidden):
        asked(orchard, ben, include="all")
    assert asked(orchard, ben, include="submitted").run
    assert asked(orchard, max_, include="all").run
    assert AuditEvent.objects.filter(action="export.create").count() == 2


def test_a_third_export_at_once_is_refused(orchard: cast.Project, ben: cast.User) -> None:
    asked(orchard, ben, include="accepted")
    asked(orchard, ben, include="accepted", format="png")
    with pytest.raises(TooMany):
        asked(orchard, ben, include="accepted")
    Run.objects.update(state="done")
    asked(orchard, ben, include="accepted")


def test_labels_of_another_project_are_refused(
    orchard: cast.Project, ada: cast.User, eve: cast.User
) -> None:
    foreign = cast.Label.objects.exclude(project=orchard).first()
    assert foreign is not None
    with pytest.raises(Rejected):
        asked(orchard, ada, labels=[foreign.pk])


@pytest.mark.django_db(transaction=True)
def test_the_file_goes_with_the_last_export_that_has_it(
    reviewed: cast.Image, orchard: cast.Project, ada: cast.User
) -> None:
    first, _ = built(asked(orchard, ada))
    Run.objects.update(state="done")
    second, _ = built(asked(orchard, ada))
    path = store().path("exports", first.sha256)
    services.export_delete(export=first, actor=ada)
    assert path.is_file()
    services.export_delete(export=second, actor=ada)
    assert not path.exists()


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's locks")
def test_an_export_sees_one_state_and_keeps_no_writer_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = connections["default"].copy()
    ours.settings_dict = {
        **ours.settings_dict, "NAME": str(tmp_path / "db.sqlite3"),
        "OPTIONS": dict(env.SQLITE_OPTIONS),
    }  # fmt: skip
    monkeypatch.setattr(snapshot, "connection", ours)

    def count() -> int:
        with ours.cursor() as cursor:
            return int(cursor.execute("SELECT count(*) FROM thing").fetchone()[0])

    with ours.cursor() as cursor:
        cursor.execute("CREATE TABLE thing (id)")
    with snapshot.frozen():
        assert count() == 0
        with closing(sqlite3.connect(tmp_path / "db.sqlite3", timeout=0.5)) as writer:
            writer.execute("INSERT INTO thing VALUES (1)")
            writer.commit()
        assert count() == 0
    assert count() == 1
    ours.close()


def test_names_are_safe_and_unique() -> None:
    assert safe_path("../../etc", "pass\x00wd") == "etc/pass_wd"
    assert safe_path("C:\\x", "..") == "C_/x"
    assert safe_path("", "...") == "image"
    assert safe_path("", "con.png") == "_con.png"
    assert len(safe_path("", "ü" * 400 + ".jpeg").encode()) <= 200
    unique = UniqueNames()
    assert [unique.take(n) for n in ("a.jpg", "A.jpg", "a (2).jpg")] == [
        "a.jpg", "A (2).jpg", "a (2) (2).jpg"
    ]  # fmt: skip


def test_no_cell_of_a_table_is_taken_for_a_formula(
    orchard: cast.Project, picture: cast.Image, ada: cast.User, data_dir: Path
) -> None:
    cast.Label.objects.filter(project=orchard, name="leaf").update(name="=cmd|' /C calc'!A0")
    assert cell("@x") == "'@x"
    _, archive = built(asked(orchard, ada, format="png"))
    rows = list(csv.reader(io.StringIO(archive.read("labels.csv").decode())))
    assert rows[2][1] == "'=cmd|' /C calc'!A0"


def test_pictures_in_the_archive_are_the_display_files(
    orchard: cast.Project, picture: cast.Image, ada: cast.User, data_dir: Path
) -> None:
    blob = store().put("display", b"upright pixels")
    picture.display_sha256, picture.display_type = blob.sha256, "png"
    picture.save()
    _, archive = built(asked(orchard, ada, images=True))
    content = json.loads(archive.read("instances.json"))
    assert content["images"][0]["file_name"] == "tree.jpg.png"
    assert archive.read("images/tree.jpg.png") == b"upright pixels"
