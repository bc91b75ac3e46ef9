"""Images: lists, pages, changes, and their pixels over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from rest_framework.test import APIClient

from samweb.projects import events
from samweb.projects.models import Image
from tests import cast, pictures

pytestmark = pytest.mark.django_db
As = Callable[[cast.User], APIClient]


@pytest.fixture
def uploaded(ada: cast.User, orchard: cast.Project, data_dir: Path, as_user: As) -> dict[str, Any]:
    """One real image of 600 x 400 with its files."""
    file = pictures.named("big.jpg", pictures.encoded(pictures.scene(600, 400), "JPEG"))
    answer = as_user(ada).post(
        f"/api/v1/projects/{orchard.id}/uploads", {"file": file}, format="multipart"
    )
    return dict(answer.json()["results"][0]["image"])


def test_an_image_says_everything_the_contract_promises(uploaded: dict[str, Any]) -> None:
    assert {
        "id", "project", "name", "folder", "width", "height", "pixels_sha256", "note", "position",
        "sequence", "split", "metadata", "attributes", "version", "created", "thumbnail_url",
        "pixels_url", "embedding",
    } <= set(uploaded)  # fmt: skip
    assert (uploaded["width"], uploaded["height"], uploaded["version"]) == (600, 400, 1)
    assert "original_sha256" not in uploaded


def test_the_apps_above_hear_of_a_new_image_in_its_transaction(
    ada: cast.User, orchard: cast.Project, data_dir: Path, as_user: As,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    heard: list[Any] = []
    monkeypatch.setattr(events, "image_added", [lambda image, actor: heard.append((image, actor))])
    file = pictures.named("a.png", pictures.encoded(pictures.scene(), "PNG"))
    url = f"/api/v1/projects/{orchard.id}/uploads"
    as_user(ada).post(url, {"file": file}, format="multipart")
    assert heard == [(Image.objects.get(), ada)]

    def refuse(image: Image, actor: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(events, "image_added", [refuse])
    file = pictures.named("b.png", pictures.encoded(pictures.scene(), "PNG"))
    with pytest.raises(RuntimeError):
        as_user(ada).post(url, {"file": file}, format="multipart")
    assert Image.objects.count() == 1


def test_pixels_and_thumbnail_are_private_for_ever_and_ranged(
    uploaded: dict[str, Any], dan: cast.User, as_user: As
) -> None:
    client = as_user(dan)
    answer = client.get(uploaded["pixels_url"])
    content = b"".join(answer.streaming_content)
    assert Pillow.open(io.BytesIO(content)).size == (600, 400)
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    part = client.get(uploaded["pixels_url"], HTTP_RANGE="bytes=10-19")
    assert (part.status_code, b"".join(part.streaming_content)) == (206, content[10:20])
    tail = client.get(uploaded["pixels_url"], HTTP_RANGE="bytes=-5")
    assert b"".join(tail.streaming_content) == content[-5:]
    beyond = client.get(uploaded["pixels_url"], HTTP_RANGE=f"bytes={len(content)}-")
    assert beyond.status_code == 416
    many = client.get(uploaded["pixels_url"], HTTP_RANGE="bytes=" + "0-1," * 1000 + "2-3")
    assert many.status_code == 200
    known = client.get(uploaded["pixels_url"], HTTP_IF_NONE_MATCH=answer["ETag"])
    assert known.status_code == 304
    small = b"".join(client.get(uploaded["thumbnail_url"]).streaming_content)
    assert Pillow.open(io.BytesIO(small)).size == (256, 171)


def test_the_uploaded_file_itself_is_served_nowhere(
    uploaded: dict[str, Any], ada: cast.User, as_user: As
) -> None:
    assert as_user(ada).get(f"/api/v1/images/{uploaded['id']}/original").status_code == 404


def test_lists_are_paged_in_order_and_filtered_by_folder_and_name(
    orchard: cast.Project, dan: cast.User, as_user: As
) -> None:
    for n, folder in enumerate(["", "a", "a/b", "ab", "a"]):
        image = cast.image(orchard, f"{n}_%.png", width=9, height=9)
        Image.objects.filter(pk=image.pk).update(folder=folder, position=n)
    client, url = as_user(dan), f"/api/v1/projects/{orchard.id}/images"

    def names(query: str) -> list[str]:
        return [row["name"][0] for row in client.get(f"{url}?{query}").json()["results"]]

    assert names("") == list("01234")
    assert names("folder=a") == list("124")
    assert names("search=3_") == ["3"] and names("search=%25") == list("01234")
    assert names("search=x%25y") == [] and names("search=_") == list("01234")
    first = client.get(f"{url}?limit=3").json()
    assert len(first["results"]) == 3
    assert names(f"limit=3&cursor={first['next']}") == list("34")
    for query in ("order=password", "folder__regex=x", "limit=x", "search=%00", "page=2"):
        assert client.get(f"{url}?{query}").status_code == 400


def test_an_image_is_renamed_moved_and_described(
    uploaded: dict[str, Any], ada: cast.User, as_user: As
) -> None:
    client, url = as_user(ada), f"/api/v1/images/{uploaded['id']}"
    body = {"name": "new.jpg", "folder": "x/../y\\z", "split": "val", "attributes": {"k": 1}}
    assert client.patch(url, body, format="json").status_code == 428
    changed = client.patch(url, body, format="json", HTTP_IF_MATCH='"1"').json()
    assert (changed["name"], changed["folder"], changed["split"]) == ("new.jpg", "x/y/z", "val")
    assert changed["version"] == 2 and changed["seq"] > uploaded["seq"]
    stale = client.patch(url, body, format="json", HTTP_IF_MATCH='"1"')
    assert (stale.status_code, stale.json()["record"]["version"]) == (412, 2)
    assert client.delete(url, HTTP_IF_MATCH='"2"').status_code == 204
    assert client.get(url).status_code == 404
    assert client.get(uploaded["pixels_url"]).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"width": 1}, {"pixels_sha256": "0"}, {"project": "x"}, {"version": 9}, {"split": "x"},
     {"name": ""}, {"name": {}}, {"position": "x"}, {"position": 2**63}, {"metadata": []},
     {"attributes": {"a": "x" * 70_000}}, {"seq": 1}, {"created_by": "x"}],
    ids=str,
)  # fmt: skip
def test_changes_that_cannot_be_are_refused(
    body: Any, ada: cast.User, picture: Image, as_user: As
) -> None:
    answer = as_user(ada).patch(
        f"/api/v1/images/{picture.id}", body, format="json", HTTP_IF_MATCH='"1"'
    )
    assert answer.status_code == 400
    picture.refresh_from_db()
    assert picture.version == 1
