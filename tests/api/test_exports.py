"""Exports over HTTP."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from samweb.core.api import PIECE, _in_threads
from samweb.core.files import store
from samweb.core.models import Run
from samweb.exports import services
from samweb.exports.models import Export
from tests import cast, drawing

As = Callable[[cast.User], APIClient]


@pytest.fixture
def done(orchard: cast.Project, picture: cast.Image, ada: cast.User, data_dir: Path) -> Export:
    """A finished COCO export of Orchard, made by Ada."""
    drawing.job_image(picture, "accepted")
    leaf = orchard.labels.get(name="leaf")
    drawing.annotation(picture, leaf, drawing.box(picture, 1, 2, 3, 4))
    export = services.export_create(project=orchard, actor=ada, format="coco")
    services.archive_build(export_id=export.pk)
    Run.objects.filter(pk=export.run).update(state="done")
    export.refresh_from_db()
    return export


def url(project: cast.Project) -> str:
    return f"/api/v1/projects/{project.pk}/exports"


def test_an_export_is_asked_for_made_and_fetched(
    orchard: cast.Project, picture: cast.Image, ben: cast.User, as_user: As, data_dir: Path
) -> None:
    drawing.job_image(picture, "accepted", nothing_to_label=True)
    answer = as_user(ben).post(url(orchard), {"format": "coco"}, format="json")
    assert answer.status_code == 202
    row = answer.json()
    assert (row["state"], row["url"], row["include"]) == ("queued", None, "accepted")
    services.archive_build(export_id=row["id"])
    row = as_user(ben).get(f"/api/v1/exports/{row['id']}").json()
    assert row["state"] == "done" and row["report"]["images"] == 1
    file = as_user(ben).get(row["url"])
    content = b"".join(file.streaming_content)
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert file["Content-Type"] == "application/zip"
    assert row["file_name"] in file["Content-Disposition"]
    assert file["X-Content-Type-Options"] == "nosniff"
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_a_part_of_the_file_can_be_fetched(done: Export, dan: cast.User, as_user: As) -> None:
    answer = as_user(dan).get(f"/api/v1/exports/{done.pk}/file", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes 10-19/{done.bytes}"
    whole = store().path("exports", done.sha256).read_bytes()
    assert b"".join(answer.streaming_content) == whole[10:20]


def test_strangers_see_no_exports(
    done: Export, orchard: cast.Project, eve: cast.User, as_user: As
) -> None:
    client = as_user(eve)
    for answer in (
        client.get(url(orchard)),
        client.post(url(orchard), {"format": "coco"}, format="json"),
        client.get(f"/api/v1/exports/{done.pk}"),
        client.get(f"/api/v1/exports/{done.pk}/file"),
        client.delete(f"/api/v1/exports/{done.pk}"),
    ):
        assert answer.status_code == 404


def test_a_viewer_may_fetch_an_export_but_not_make_or_delete_one(
    done: Export, orchard: cast.Project, dan: cast.User, as_user: As
) -> None:
    client = as_user(dan)
    assert [row["id"] for row in client.get(url(orchard)).json()["results"]] == [str(done.pk)]
    assert client.get(f"/api/v1/exports/{done.pk}/file").status_code == 200
    refused = client.post(url(orchard), {"format": "coco"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    assert client.delete(f"/api/v1/exports/{done.pk}").status_code == 403


def test_everything_is_for_managers(
    orchard: cast.Project, ben: cast.User, max_: cast.User, as_user: As
) -> None:
    wanted = {"format": "png", "include": "all"}
    assert as_user(ben).post(url(orchard), wanted, format="json").status_code == 403
    assert as_user(max_).post(url(orchard), wanted, format="json").status_code == 202


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"format": "../../etc/passwd"},
        {"format": "coco", "include": "secret"},
        {"format": "coco", "labels": ["x"]},
        {"format": "coco", "labels": ["00000000-0000-7000-8000-000000000000"]},
        {"format": "coco", "nmae": 1},
        [],
    ],
)
def test_what_cannot_be_exported_is_refused_in_words_and_leaves_nothing(
    orchard: cast.Project, ada: cast.User, as_user: As, wanted: object
) -> None:
    answer = as_user(ada).post(url(orchard), wanted, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert not Export.objects.exists() and not Run.objects.exists()


def test_a_third_export_at_once_has_to_wait(
    orchard: cast.Project, ada: cast.User, as_user: As
) -> None:
    client = as_user(ada)
    for _ in range(2):
        assert client.post(url(orchard), {"format": "coco"}, format="json").status_code == 202
    answer = client.post(url(orchard), {"format": "coco"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (429, "export_limit")
    assert answer["Retry-After"]


def test_a_file_that_is_not_there_yet_is_a_conflict(
    orchard: cast.Project, ada: cast.User, as_user: As
) -> None:
    row = as_user(ada).post(url(orchard), {"format": "coco"}, format="json").json()
    answer = as_user(ada).get(f"/api/v1/exports/{row['id']}/file")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_deleting_an_export_at_work_ends_its_run(
    orchard: cast.Project, ben: cast.User, as_user: As
) -> None:
    row = as_user(ben).post(url(orchard), {"format": "coco"}, format="json").json()
    assert as_user(ben).delete(f"/api/v1/exports/{row['id']}").status_code == 204
    assert Run.objects.get(pk=row["run"]).state == "cancelled"
    assert as_user(ben).get(f"/api/v1/exports/{row['id']}").status_code == 404


def test_a_run_that_failed_says_why(orchard: cast.Project, ben: cast.User, as_user: As) -> None:
    row = as_user(ben).post(url(orchard), {"format": "coco"}, format="json").json()
    Run.objects.filter(pk=row["run"]).update(state="dead", error="Failed 3 times; last: disk full")
    row = as_user(ben).get(f"/api/v1/exports/{row['id']}").json()
    assert (row["state"], row["error"]) == ("failed", "Failed 3 times; last: disk full")


async def test_a_large_file_leaves_in_pieces_and_not_from_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(3 * PIECE))
    file = path.open("rb")
    file.seek(10)
    pieces = [len(piece) async for piece in _in_threads(file, 2 * PIECE)]
    assert pieces == [PIECE, PIECE]
    assert file.closed
