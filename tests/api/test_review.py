"""The review queue: riskiest first, with the reason; to each reviewer what is theirs."""

from __future__ import annotations

import pytest

from samweb.annotations.models import JobImage
from samweb.core.ids import uuid7
from tests import cast
from tests.api.test_jobs import make_job, move
from tests.api.test_operations import RECIPE
from tests.editing import creation, operation, sent

pytestmark = pytest.mark.django_db


def recipe(*predictions: float, stability: float = 0.95):
    step = {**RECIPE["steps"][0], "iou_predictions": list(predictions), "stability": stability}
    return {"version": 1, "steps": [step]}


@pytest.fixture
def handed_in(orchard, ben, max_, as_user):
    """Four submitted images: sure, unsure, spread, unstable."""
    recipes = {
        "sure": recipe(0.97, 0.96, 0.95),
        "unsure": recipe(0.42),
        "spread": recipe(0.95, 0.9, 0.1),
        "unstable": recipe(0.95, stability=0.5),
    }
    images = {name: cast.image(orchard, name, width=60, height=40) for name in recipes}
    make_job(as_user(max_), orchard, assignee=str(ben.id), all_unassigned=True)
    for name, image in images.items():
        sent(as_user(ben), orchard, creation(image, recipe=recipes[name]))
    for work in JobImage.objects.all():
        assert move(as_user(ben), work, "submitted")["status"] == "applied"
    return {work.image.name: work for work in JobImage.objects.select_related("image", "job")}


def queue(client, project):
    return client.get(f"/api/v1/projects/{project.id}/review-queue").json()["results"]


def test_the_riskiest_comes_first_and_says_why(orchard, handed_in, cleo, as_user):
    rows = queue(as_user(cleo), orchard)
    assert [row["image"]["name"] for row in rows] == ["unsure", "spread", "unstable", "sure"]
    assert "low predicted quality (0.42)" in rows[0]["reason"]
    assert "candidates far apart" in rows[1]["reason"]
    assert "unstable" in rows[2]["reason"]
    assert "new annotator" in rows[3]["reason"]
    assert rows[0]["risk"] > rows[3]["risk"]


def test_a_fix_goes_back_to_the_same_reviewer_only(orchard, handed_in, ben, cleo, max_, as_user):
    ron = cast.member("ron", orchard, "reviewer")
    work = handed_in["sure"]
    assert len(queue(as_user(ron), orchard)) == 4
    move(as_user(cleo), work, "returned", note="Leaf missing.")
    assert len(queue(as_user(cleo), orchard)) == 3
    move(as_user(ben), work, "submitted")
    assert {row["image"]["name"] for row in queue(as_user(ron), orchard)} == {
        "unsure", "spread", "unstable",
    }  # fmt: skip
    assert len(queue(as_user(cleo), orchard)) == 4
    assert len(queue(as_user(max_), orchard)) == 4


def test_my_own_work_is_not_in_my_queue(orchard, picture, cleo, ada, max_, as_user):
    make_job(as_user(max_), orchard, assignee=str(cleo.id), count=1)
    work = JobImage.objects.get()
    move(as_user(cleo), work, "submitted", nothing_to_label=True)
    assert queue(as_user(cleo), orchard) == []
    (row,) = queue(as_user(ada), orchard)
    assert "nothing to label" in row["reason"]


def test_annotators_have_no_queue_and_strangers_no_project(orchard, ben, dan, eve, as_user):
    for who, status in ((ben, 403), (dan, 403), (eve, 404)):
        answer = as_user(who).get(f"/api/v1/projects/{orchard.id}/review-queue")
        assert answer.status_code == status


def test_the_queue_takes_a_fixed_number_of_queries(
    orchard, handed_in, cleo, as_user, django_assert_max_num_queries
):
    with django_assert_max_num_queries(14):
        queue(as_user(cleo), orchard)


def test_a_verdict_is_of_the_version_that_was_looked_at(orchard, picture, ben, cleo, as_user):
    op = creation(picture)
    sent(as_user(ben), orchard, op)
    sent(as_user(ben), orchard, operation("annotation.update", op["target"], 1, iscrowd=True))
    old = operation("verdict.set", op["target"], 1, verdict="accepted")
    body = {"operations": [old]}
    url = f"/api/v1/projects/{orchard.id}/operations"
    assert as_user(cleo).post(url, body, format="json").json()["results"][0]["status"] == "conflict"
    sent(
        as_user(cleo), orchard,
        operation("verdict.set", op["target"], 2, verdict="rejected", reason="edge", note="top"),
    )  # fmt: skip
    row = as_user(ben).get(f"/api/v1/annotations/{op['target']}").json()
    assert (row["version"], row["verdict"]["annotation_version"]) == (2, 2)
    assert (row["verdict"]["reason"], row["verdict"]["note"]) == ("edge", "top")
    refused = operation("verdict.set", op["target"], 2, verdict="accepted")
    answer = as_user(ben).post(url, {"operations": [refused]}, format="json")
    assert answer.json()["results"][0]["code"] == "role_too_low"
    sent(as_user(cleo), orchard, operation("verdict.set", op["target"], 2, verdict=None))
    assert as_user(ben).get(f"/api/v1/annotations/{op['target']}").json()["verdict"] is None
    missing = operation("verdict.set", uuid7(), 1, verdict="accepted")
    answer = as_user(cleo).post(url, {"operations": [missing]}, format="json")
    assert answer.json()["results"][0]["code"] == "not_found"
