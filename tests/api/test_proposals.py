"""Proposals over HTTP: who may ask, what is answered, what is served."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from samweb.annotations.models import Job
from samweb.core import runs
from samweb.core.files import store
from samweb.core.models import Run
from samweb.embeddings import proposal_format, proposals
from samweb.embeddings.models import Bundle, ProposalSet
from samweb.embeddings.proposal_format import Proposal, Proposals
from samweb.masks import rle
from tests import cast
from tests.services.test_embeddings import registered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]
As = Callable[[cast.User], APIClient]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return registered(tmp_path / "made")


def one_of(bundle: str, height: int = 40, width: int = 60) -> Proposals:
    """A single mask of the first two columns."""
    area = 2 * height
    counts = rle.string_of(rle.counts_of([0, area, height * width - area], height, width))
    mask = Proposal(counts, (0, 0, 2, height), 0.91234567, 0.8, area, (1.5, 20.5), 2)
    return Proposals((height, width), bundle, 0.0, {"points_per_side": 32}, (mask,))


@pytest.fixture
def kept(bundle: Bundle, picture: cast.Image) -> ProposalSet:
    return proposals.keep(
        one_of(bundle.id), pixels_sha256=picture.pixels_sha256, bundle=bundle,
        parameters=proposals.DEFAULT,
    )  # fmt: skip


def test_pressing_a_asks_for_an_image_once_and_ahead_of_the_bulk(
    as_user: As, ben: cast.User, picture: cast.Image, bundle: Bundle
) -> None:
    client, url = as_user(ben), f"/api/v1/images/{picture.id}/proposals"
    assert client.get(url).json()["state"] == "none"
    assert not Run.objects.exists()  # reading changes nothing
    for _ in range(2):
        answer = client.post(url)
        assert answer.status_code == 202
    run = Run.objects.get()
    assert (run.kind, run.lane) == ("propose", "interactive")
    assert answer.json()["state"] == "queued" and answer.json()["run"]["id"] == str(run.id)
    active = runs.claim(run.id, "worker")
    assert active is not None
    active.progress(300, 1024)
    record = client.get(url).json()
    assert record["state"] == "running" and record["run"]["progress"]["done"] == 300
    assert client.post(f"/api/v1/runs/{run.id}/cancel").json()["cancelling"]


def test_a_run_that_failed_says_why_and_one_that_was_cancelled_leaves_nothing(
    as_user: As, ben: cast.User, picture: cast.Image, bundle: Bundle
) -> None:
    client, url = as_user(ben), f"/api/v1/images/{picture.id}/proposals"
    runs.cancel(Run.objects.get(id=client.post(url).json()["run"]["id"]))
    assert client.get(url).json()["state"] == "none"
    active = runs.claim(client.post(url).json()["run"]["id"], "worker")
    assert active is not None
    runs.fail(active, "The image is no picture.")
    record = client.get(url).json()
    assert (record["state"], record["error"]) == ("failed", "The image is no picture.")
    assert client.post(url).json()["state"] == "queued"


def test_ready_proposals_are_served_for_ever(
    as_user: As, dan: cast.User, ben: cast.User, picture: cast.Image, kept: ProposalSet
) -> None:
    client = as_user(dan)
    record = client.get(f"/api/v1/images/{picture.id}/proposals").json()
    assert (record["state"], record["count"], record["key"]) == ("ready", 1, kept.key)
    answer = client.get(record["url"])
    assert answer["Content-Type"] == "application/json"
    assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]
    found = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert found["proposals"][0]["predicted_iou"] == 0.9123 and found["size"] == [40, 60]
    again = client.get(record["url"], headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    asked = as_user(ben).post(f"/api/v1/images/{picture.id}/proposals")
    assert asked.status_code == 202 and asked.json()["state"] == "ready"
    assert not Run.objects.exists()


def test_proposals_whose_file_is_gone_are_made_again(
    as_user: As, ben: cast.User, picture: cast.Image, kept: ProposalSet
) -> None:
    store().remove("proposals", kept.sha256)
    client, url = as_user(ben), f"/api/v1/images/{picture.id}/proposals"
    assert client.get(f"/api/v1/proposals/{kept.key}").status_code == 404
    assert client.get(url).json()["state"] == "none"
    assert client.post(url).json()["state"] == "queued"


def test_who_may_ask(
    as_user: As, dan: cast.User, ben: cast.User, max_: cast.User, eve: cast.User,
    picture: cast.Image, kept: ProposalSet, orchard: cast.Project,
) -> None:  # fmt: skip
    image, all_ = (
        f"/api/v1/images/{picture.id}/proposals",
        f"/api/v1/projects/{orchard.id}/proposals",
    )
    assert as_user(dan).post(image).json()["code"] == "role_too_low"
    assert as_user(ben).post(all_).json()["code"] == "role_too_low"
    assert as_user(eve).get(image).status_code == 404
    assert as_user(eve).get(f"/api/v1/proposals/{kept.key}").status_code == 404
    assert as_user(eve).get("/api/v1/proposals/nonsense").status_code == 404
    answer = as_user(max_).post(all_)
    assert answer.status_code == 202 and answer.json()["kind"] == "propose_all"
    assert as_user(max_).post(all_).json()["id"] == answer.json()["id"]


def test_a_job_is_asked_for_apart_from_its_project(
    as_user: As, max_: cast.User, orchard: cast.Project, bundle: Bundle
) -> None:
    job = Job.objects.create(project=orchard, name="first", seq=1)
    client = as_user(max_)
    first = client.post(f"/api/v1/jobs/{job.id}/proposals").json()
    second = client.post(f"/api/v1/projects/{orchard.id}/proposals").json()
    assert first["id"] != second["id"]
    assert Run.objects.get(id=first["id"]).payload["job"] == str(job.id)


def test_without_a_model_the_answer_says_what_to_do(
    as_user: As, ben: cast.User, picture: cast.Image
) -> None:
    answer = as_user(ben).post(f"/api/v1/images/{picture.id}/proposals")
    assert answer.status_code == 409 and answer.json()["code"] == "no_model"
    assert "Start a worker" in answer.json()["detail"]


def test_the_same_proposals_are_the_same_bytes_and_come_back_as_they_were(bundle: Bundle) -> None:
    content = proposal_format.to_bytes(one_of(bundle.id))
    assert content == proposal_format.to_bytes(one_of(bundle.id))
    read = proposal_format.from_bytes(content)
    assert read.masks[0].point == (1.5, 20.5) and read.masks[0].candidate == 2
    assert proposal_format.to_bytes(read) == content


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"counts": "0"}, "RLE"),
        ({"counts": 7}, "counts"),
        ({"area": 1}, "area"),
        ({"box": [0, 0, 61, 40]}, "box"),
        ({"box": [2, 0, 2, 40]}, "box"),
        ({"point": [-1, 3]}, "point"),
        ({"point": [10**400, 3]}, "point"),
        ({"candidate": 64}, "candidate"),
        ({"candidate": True}, "candidate"),
        ({"stability": "high"}, "stability"),
        ({"predicted_iou": None}, "predicted_iou"),
        ({"view": "../.."}, "view"),
    ],
)
def test_what_is_no_proposal_is_refused_with_its_place(change: dict[str, Any], word: str) -> None:
    document = json.loads(proposal_format.to_bytes(one_of("b")))
    document["proposals"][0].update(change)
    with pytest.raises(proposal_format.BadProposals, match=rf"proposal 0: .*{word}"):
        proposal_format.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"version": 2}', b'{"version":1,"size":[0,1]}', b"[" * 99999]
)
def test_what_are_no_proposals_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(proposal_format.BadProposals):
        proposal_format.from_bytes(content)
