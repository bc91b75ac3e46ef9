"""Embeddings, bundles and runs over HTTP: what is served, to whom, with which headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from samweb.core import runs
from samweb.core.models import Run
from samweb.core.queue import enqueue
from samweb.embeddings import services
from samweb.embeddings.models import Bundle, Embedding
from tests import cast
from tests.services.test_embeddings import registered, tensors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]
As = Callable[[cast.User], APIClient]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return registered(tmp_path / "made")


@pytest.fixture
def embedding(bundle: Bundle, picture: cast.Image) -> Embedding:
    return services.embedding_store(
        pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors()
    )


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_opening_an_image_asks_for_its_embedding_ahead_of_the_bulk(
    as_user: As, ben: cast.User, picture: cast.Image, bundle: Bundle
) -> None:
    client, url = as_user(ben), f"/api/v1/images/{picture.id}/embedding"
    assert client.get(url).json()["state"] == "queued"
    assert not Run.objects.exists()  # reading changes nothing
    services.embedding_request(picture)
    for _ in range(2):
        answer = client.post(url)
        assert answer.status_code == 202
    run = Run.objects.get()
    assert run.lane == "interactive" and answer.json()["state"] == "queued"
    assert answer.json()["bundle"] == bundle.id


def test_a_ready_embedding_is_served_as_bytes_for_ever(
    as_user: As, dan: cast.User, picture: cast.Image, embedding: Embedding
) -> None:
    client = as_user(dan)
    record = client.get(f"/api/v1/images/{picture.id}/embedding").json()
    assert record["state"] == "ready" and record["key"] == embedding.key
    assert sum(tensor["bytes"] for tensor in record["tensors"]) == embedding.bytes
    answer = client.get(record["url"])
    assert answer.status_code == 200 and len(body(answer)) == embedding.bytes
    assert answer["Content-Type"] == "application/octet-stream"
    assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]
    again = client.get(record["url"], headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert client.post(f"/api/v1/images/{picture.id}/embedding").status_code == 202
    assert not Run.objects.exists()


def test_image_lists_carry_the_state(
    as_user: As, ben: cast.User, picture: cast.Image, embedding: Embedding
) -> None:
    answer = as_user(ben).get(f"/api/v1/projects/{picture.project_id}/images").json()
    assert answer["results"][0]["embedding"]["state"] == "ready"


def test_strangers_find_nothing(
    as_user: As, eve: cast.User, picture: cast.Image, embedding: Embedding
) -> None:
    client = as_user(eve)
    run = enqueue("quick", payload={}, dedupe_key="k", project=picture.project_id)
    for url in (
        f"/api/v1/images/{picture.id}/embedding",
        f"/api/v1/embeddings/{embedding.key}",
        f"/api/v1/projects/{picture.project_id}/runs",
        f"/api/v1/runs/{run.id}",
        "/api/v1/embeddings/" + "0" * 64,
        "/api/v1/embeddings/nonsense",
        "/api/v1/embeddings/%00",
        "/api/v1/bundles/%00",
        "/api/v1/bundles/nonsense",
    ):
        assert client.get(url).status_code == 404, url
    assert client.post(f"/api/v1/runs/{run.id}/cancel").status_code == 404
    assert client.post(f"/api/v1/images/{picture.id}/embedding").status_code == 404
    assert APIClient().get(f"/api/v1/embeddings/{embedding.key}").status_code == 401


def test_an_image_that_left_takes_the_right_to_its_embedding_along(
    as_user: As, ben: cast.User, picture: cast.Image, embedding: Embedding
) -> None:
    from samweb.core import clock

    picture.deleted_at = clock.now()
    picture.save()
    assert as_user(ben).get(f"/api/v1/embeddings/{embedding.key}").status_code == 404


def test_the_decoder_is_served_from_the_store(as_user: As, ben: cast.User, bundle: Bundle) -> None:
    client = as_user(ben)
    assert [row["id"] for row in client.get("/api/v1/bundles").json()["results"]] == [bundle.id]
    record = client.get(f"/api/v1/bundles/{bundle.id}").json()
    assert record["tensors"] == bundle.manifest["tensors"]
    answer = client.get(record["files"]["decode"]["url"])
    assert body(answer) == b"tiny decode" and "immutable" in answer["Cache-Control"]
    assert client.get(f"/api/v1/bundles/{bundle.id}/files/manifest.json").status_code == 404


def test_managers_and_makers_steer_runs_and_others_only_look(
    as_user: As, ben: cast.User, max_: cast.User, orchard: cast.Project
) -> None:
    other = enqueue("quick", payload={}, dedupe_key="a", project=orchard.id)
    own = enqueue("quick", payload={}, dedupe_key="b", project=orchard.id, actor=ben.pk)
    assert as_user(ben).get(f"/api/v1/runs/{other.id}").json()["state"] == "queued"
    assert as_user(ben).post(f"/api/v1/runs/{other.id}/cancel").status_code == 403
    assert as_user(ben).post(f"/api/v1/runs/{own.id}/cancel").json()["state"] == "cancelled"
    assert as_user(max_).post(f"/api/v1/runs/{other.id}/cancel").json()["state"] == "cancelled"
    again = as_user(max_).post(f"/api/v1/runs/{other.id}/cancel")
    assert again.status_code == 409 and again.json()["code"] == "run_ended"
    assert as_user(max_).post(f"/api/v1/runs/{other.id}/retry").json()["state"] == "queued"


def test_a_projects_runs_are_listed_newest_first_in_pages(
    as_user: As, ben: cast.User, orchard: cast.Project
) -> None:
    made = [enqueue("quick", payload={}, dedupe_key=str(n), project=orchard.id) for n in range(5)]
    runs.cancel(made[0])
    client, url = as_user(ben), f"/api/v1/projects/{orchard.id}/runs"
    first = client.get(url, {"limit": 3}).json()
    rest = client.get(url, {"limit": 3, "cursor": first["next"]}).json()
    ids = [row["id"] for row in [*first["results"], *rest["results"]]]
    assert ids == [str(run.id) for run in reversed(made)] and rest["next"] is None
    active = client.get(url, {"active": 1}).json()["results"]
    assert len(active) == 4
    assert client.get(url, {"activ": 1}).status_code == 400
    assert client.get(url, {"kind": "\0"}).status_code == 400
    assert client.get(url, {"kind": "quick"}).json()["results"]
