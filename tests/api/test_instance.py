"""The admin's page about models and workers: what it says, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from samweb.core import clock
from samweb.core.models import Run, WorkerPresence
from samweb.embeddings import services
from samweb.embeddings.models import Bundle
from tests import cast
from tests.services.test_embeddings import registered, tensors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]
As = Callable[[cast.User], APIClient]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return registered(tmp_path / "made")


def test_only_the_instance_admin_sees_it(
    as_user: As, ada: cast.User, max_: cast.User, eve: cast.User
) -> None:
    assert as_user(ada).get("/api/v1/instance").status_code == 200
    for person in (max_, eve):
        answer = as_user(person).get("/api/v1/instance")
        assert answer.status_code == 403 and answer.json()["code"] == "admin_only"


def test_it_shows_bundles_with_who_uses_them_and_what_they_take(
    as_user: As, ada: cast.User, picture: cast.Image, bundle: Bundle, tmp_path: Path
) -> None:
    other = registered(tmp_path / "made", "other")
    picture.project.bundle = bundle.id
    picture.project.save()
    made = services.embedding_store(
        pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors()
    )
    cast.image(picture.project, "waits.jpg", width=9, height=9)
    seen = as_user(ada).get("/api/v1/instance").json()
    rows = {row["id"]: row for row in seen["bundles"]}
    mine = rows[bundle.id]
    assert (mine["projects"], mine["embeddings"], mine["disk"]) == (["Orchard"], 1, made.bytes)
    assert mine["embedding_bytes"] == made.bytes and mine["default"] is False
    assert rows[other.id]["projects"] == [] and rows[other.id]["default"] is True
    (project,) = seen["projects"]
    assert (project["images"], project["ready"], project["bundle"]) == (2, 1, "tiny")
    assert seen["disk"]["embeddings"] == made.bytes
    assert seen["disk"]["originals"] == 2 and seen["disk"]["free"] > 0


def test_the_same_upload_in_two_places_is_counted_once(
    as_user: As, ada: cast.User, picture: cast.Image
) -> None:
    twin = cast.image(picture.project, "twin.jpg", width=60, height=40)
    twin.original_sha256 = picture.original_sha256
    twin.save()
    assert as_user(ada).get("/api/v1/instance").json()["disk"]["originals"] == 1


def test_it_says_which_workers_live_and_how_long_the_oldest_run_waits(
    as_user: As, ada: cast.User, orchard: cast.Project
) -> None:
    now = clock.now()
    WorkerPresence.objects.create(name="one", info={"device": "cpu", "bundles": ["tiny"]})
    WorkerPresence.objects.create(name="gone", seen=now - timedelta(hours=1))
    for minutes in (5, 2):
        Run.objects.create(
            kind="embed", dedupe_key=str(minutes), created=now - timedelta(minutes=minutes)
        )
    Run.objects.create(kind="export", dedupe_key="x", state="running", lane="interactive")
    Run.objects.create(
        kind="embed", dedupe_key="y", state="dead", error="out of memory", finished=now,
        project=orchard.id,
    )  # fmt: skip
    seen = as_user(ada).get("/api/v1/instance").json()
    assert [(w["name"], w["alive"]) for w in seen["workers"]] == [("one", True), ("gone", False)]
    lanes = {lane["lane"]: lane for lane in seen["lanes"]}
    assert (lanes["bulk"]["queued"], lanes["bulk"]["running"]) == (2, 0)
    assert lanes["bulk"]["oldest_queued"] == (now - timedelta(minutes=5)).isoformat()
    assert lanes["interactive"] == {
        "lane": "interactive", "queued": 0, "running": 1, "oldest_queued": None,
    }  # fmt: skip
    assert seen["runs"] == {"queued": 2, "running": 1, "dead": 1}
    (failed,) = seen["runs_failed"]
    assert (failed["error"], failed["project_name"]) == ("out of memory", "Orchard")


def test_the_admin_retries_a_run_of_a_project_that_is_not_theirs(
    as_user: As, ada: cast.User, eve: cast.User
) -> None:
    elsewhere = cast.project("Hers", owner=eve, labels=[])
    run = Run.objects.create(kind="embed", dedupe_key="x", state="dead", project=elsewhere.id)
    assert as_user(ada).post(f"/api/v1/runs/{run.id}/retry").json()["state"] == "queued"


def test_managers_and_the_admin_embed_a_project_again_and_others_do_not(
    as_user: As, ada: cast.User, max_: cast.User, ben: cast.User, eve: cast.User,
    picture: cast.Image, bundle: Bundle,
) -> None:  # fmt: skip
    url = f"/api/v1/projects/{picture.project_id}/embeddings"
    assert as_user(ben).post(url).status_code == 403
    assert as_user(eve).post(url).status_code == 404
    answer = as_user(max_).post(url)
    assert answer.status_code == 202 and answer.json()["kind"] == "embed_missing"
    elsewhere = cast.project("Hers", owner=eve, labels=[])
    assert as_user(ada).post(f"/api/v1/projects/{elsewhere.id}/embeddings").status_code == 202


def test_embedding_again_takes_those_that_failed_along(picture: cast.Image, bundle: Bundle) -> None:
    run = services.embedding_request(picture)
    assert run is not None
    Run.objects.filter(id=run.id).update(state="dead")
    assert services.embedding_request_missing([picture]) == 0
    assert services.embedding_request_missing([picture], failed=True) == 1
    assert services.embedding_request_missing([picture], failed=True) == 0


def test_those_who_choose_no_bundle_hear_of_their_projects_bundles_only(
    as_user: As, max_: cast.User, ben: cast.User, orchard: cast.Project, tmp_path: Path
) -> None:
    named, spare, newest = (registered(tmp_path, name) for name in ("named", "spare", "newest"))
    orchard.bundle = named.id
    orchard.save()

    def listed(person: cast.User) -> set[str]:
        rows = as_user(person).get("/api/v1/bundles").json()["results"]
        return {row["id"] for row in rows}

    assert listed(max_) == {named.id, spare.id, newest.id}
    assert listed(ben) == {named.id, newest.id}
