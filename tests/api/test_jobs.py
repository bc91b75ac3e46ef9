"""Jobs: handing out, my work, and the moves of an image through a job."""

from __future__ import annotations

import pytest

from samweb.annotations.models import JobImage
from samweb.annotations.moves import MOVES
from samweb.annotations.services.replay import differences
from samweb.core.ids import uuid7
from samweb.projects.models import Project
from tests import cast
from tests.editing import creation, operation, send, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def pictures(orchard):
    """Five images in order."""
    return [cast.image(orchard, f"{n}.jpg", width=60, height=40) for n in range(5)]


def make_job(client, project, **fields):
    return client.post(
        f"/api/v1/projects/{project.id}/jobs", {"name": "First", **fields}, format="json"
    )


@pytest.fixture
def work(orchard, picture, ben, max_, as_user):
    """The one image of Ben's job."""
    body = make_job(as_user(max_), orchard, assignee=str(ben.id), images=[str(picture.id)]).json()
    return JobImage.objects.get(job=body["id"])


def move(client, work, to, **fields):
    """Send a move on the present version; returns the result of the operation."""
    work.refresh_from_db()
    op = operation("job_image.move", work.id, work.version, to=to, **fields)
    return send(client, work.project, op)[0]


def test_a_manager_hands_out_named_images_or_the_next_ones_or_all(
    orchard, pictures, ben, max_, as_user
):
    client = as_user(max_)
    named = make_job(
        client, orchard, assignee=str(ben.id), images=[str(p.id) for p in pictures[3:1:-1]]
    )
    assert (named.status_code, named.json()["counts"]) == (201, {"new": 2})
    assert named.json()["assignee"]["name"] == "Ben"
    rows = client.get(f"/api/v1/jobs/{named.json()['id']}/images").json()["results"]
    assert [row["image"]["name"] for row in rows] == ["3.jpg", "2.jpg"]
    counted = make_job(client, orchard, count=2).json()
    rest = make_job(client, orchard, all_unassigned=True).json()
    assert (counted["counts"], rest["counts"]) == ({"new": 2}, {"new": 1})
    assert make_job(client, orchard, all_unassigned=True).json()["code"] == "nothing_left"
    taken = make_job(client, orchard, images=[str(pictures[0].id)])
    assert (taken.status_code, taken.json()["code"]) == (409, "already_in_job")
    gone = client.delete(f"/api/v1/jobs/{counted['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    assert make_job(client, orchard, all_unassigned=True).json()["counts"] == {"new": 2}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"count": 0}, 400),
        ({"count": 1, "all_unassigned": True}, 400),
        ({"images": []}, 400),
        ({"images": ["x"]}, 400),
        ({"images": [str(uuid7())]}, 404),
        ({"count": 1, "assignee": str(uuid7())}, 404),
        ({"count": 1, "assignee": "dan"}, 403),
        ({"count": 1, "reviewer": "ben"}, 403),
        ({"count": 1, "name": ""}, 400),
        ({"count": 1, "state": "accepted"}, 400),
        ({"count": 1, "layer": "blind:x"}, 400),
    ],
)
def test_a_job_that_cannot_be_is_refused(
    fields, status, orchard, pictures, ben, dan, max_, as_user
):
    people = {"dan": str(dan.id), "ben": str(ben.id)}
    fields = {
        key: people.get(value, value) if isinstance(value, str) else value
        for key, value in fields.items()
    }
    answer = make_job(as_user(max_), orchard, **fields)
    assert answer.status_code == status, answer.data
    assert JobImage.objects.count() == 0


def test_foreign_images_make_the_whole_job_missing(orchard, pictures, max_, eve, as_user):
    hers = cast.image(Project.objects.get(name="Elsewhere"), "x.jpg", width=9, height=9)
    answer = make_job(as_user(max_), orchard, images=[str(pictures[0].id), str(hers.id)])
    assert answer.status_code == 404
    assert JobImage.objects.count() == 0


def test_only_managers_make_jobs_and_strangers_see_none(
    orchard, pictures, work, ben, cleo, dan, eve, as_user
):
    for who, status in ((ben, 403), (cleo, 403), (dan, 403), (eve, 404)):
        assert make_job(as_user(who), orchard, count=1).status_code == status
        address = f"/api/v1/jobs/{work.job_id}"
        match = {"If-Match": '"1"'}
        renamed = as_user(who).patch(address, {"name": "x"}, format="json", headers=match)
        assert renamed.status_code == status
        assert as_user(who).delete(address, headers=match).status_code == status
    for address in (
        f"/api/v1/jobs/{work.job_id}", f"/api/v1/jobs/{work.job_id}/images",
        f"/api/v1/job-images/{work.id}", f"/api/v1/projects/{orchard.id}/jobs",
        f"/api/v1/projects/{orchard.id}/overview",
    ):  # fmt: skip
        assert as_user(eve).get(address).status_code == 404
        assert as_user(dan).get(address).status_code == 200


def test_my_work_lists_the_jobs_assigned_to_me(orchard, work, ben, cleo, as_user):
    rows = as_user(ben).get("/api/v1/jobs?mine=1").json()["results"]
    assert [(row["name"], row["project_name"]) for row in rows] == [("First", "Orchard")]
    assert as_user(cleo).get("/api/v1/jobs?mine=1").json()["results"] == []
    assert as_user(ben).get("/api/v1/jobs").status_code == 400


def test_a_job_is_given_to_somebody_else_under_its_version(orchard, work, cleo, max_, as_user):
    address, client = f"/api/v1/jobs/{work.job_id}", as_user(max_)
    body = {"assignee": str(cleo.id), "instructions": "Leaves too."}
    assert client.patch(address, body, format="json").status_code == 428
    answer = client.patch(address, body, format="json", headers={"If-Match": '"1"'})
    assert (answer.json()["assignee"]["name"], answer.json()["version"]) == ("Cleo", 2)
    stale = client.patch(address, body, format="json", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["record"]["version"]) == (412, 2)


def test_work_goes_round_until_it_is_accepted_and_then_it_is_locked(
    orchard, picture, work, ben, cleo, as_user
):
    b, c = as_user(ben), as_user(cleo)
    assert move(b, work, "in_work")["status"] == "applied"
    assert move(b, work, "submitted")["code"] == "empty"
    op = creation(picture)
    sent(b, orchard, op)
    assert move(b, work, "submitted", nothing_to_label=True)["code"] == "not_empty"
    assert move(b, work, "submitted")["status"] == "applied"
    late = operation("annotation.update", op["target"], 1, iscrowd=True)
    assert send(b, orchard, late)[0]["code"] == "handed_in"
    assert move(c, work, "in_review")["status"] == "applied"
    sent(c, orchard, operation("verdict.set", op["target"], 1, verdict="rejected", reason="edge"))
    assert move(c, work, "accepted")["code"] == "has_rejected"
    assert move(c, work, "returned", note="See the edge.")["status"] == "applied"
    row = b.get(f"/api/v1/jobs/{work.job_id}/images").json()["results"][0]
    assert (row["state"], row["note"], row["objects"]) == ("returned", "See the edge.", 1)
    assert move(b, work, "in_work")["status"] == "applied"
    sent(b, orchard, operation("annotation.update", op["target"], 1, iscrowd=True))
    assert move(b, work, "submitted")["status"] == "applied"
    work.refresh_from_db()
    assert (work.submitter, work.reviewer) == (ben, cleo)
    assert move(c, work, "accepted")["status"] == "applied"
    for client, kind, payload in (
        (b, "annotation.update", {"iscrowd": False}),
        (c, "annotation.delete", {}),
        (c, "verdict.set", {"verdict": "rejected"}),
    ):
        (result,) = send(client, orchard, operation(kind, op["target"], 2, **payload))
        assert (result["status"], result["code"]) == ("rejected", "locked")
    assert send(b, orchard, creation(picture))[0]["code"] == "locked"
    assert move(b, work, "in_work")["code"] == "role_too_low"
    assert move(c, work, "in_work", note="Once more.")["status"] == "applied"
    sent(b, orchard, operation("annotation.update", op["target"], 2, iscrowd=False))
    assert differences(Project.objects.get(id=orchard.id)) == []


def test_an_image_with_nothing_to_label_is_a_submission(orchard, work, ben, as_user):
    assert move(as_user(ben), work, "submitted", nothing_to_label=True)["status"] == "applied"
    row = as_user(ben).get(f"/api/v1/job-images/{work.id}").json()
    assert (row["state"], row["nothing_to_label"], row["objects"]) == ("submitted", True, 0)


def test_no_move_outside_the_table_is_made(orchard, picture, work, ada, ben, max_, as_user):
    Project.objects.filter(id=orchard.id).update(self_review=True)
    sent(as_user(ben), orchard, creation(picture))
    states = JobImage.State.values
    refused = 0
    for before in states:
        for to in states:
            JobImage.objects.filter(id=work.id).update(state=before, reviewer=None)
            result = move(as_user(ada), work, to)
            if (before, to) in MOVES:
                assert result["status"] == "applied", (before, to, result)
            else:
                assert result["code"] == "bad_move", (before, to)
                refused += 1
    assert refused == len(states) ** 2 - len(MOVES)


def test_work_is_for_its_assignee_and_review_for_others(
    orchard, picture, work, ben, cleo, max_, dan, eve, as_user
):
    lea = cast.member("lea", orchard, "annotator")
    ron = cast.member("ron", orchard, "reviewer")
    sent(as_user(ben), orchard, creation(picture))
    assert move(as_user(lea), work, "submitted")["code"] == "not_assigned"
    assert move(as_user(cleo), work, "submitted")["code"] == "not_assigned"
    assert move(as_user(ben), work, "submitted")["status"] == "applied"
    assert move(as_user(ben), work, "in_review")["code"] == "role_too_low"
    assert move(as_user(cleo), work, "in_review")["status"] == "applied"
    assert move(as_user(ron), work, "accepted")["code"] == "other_reviewer"
    assert move(as_user(max_), work, "accepted")["status"] == "applied"
    work.refresh_from_db()
    op = operation("job_image.move", work.id, work.version, to="in_work")
    url = f"/api/v1/projects/{orchard.id}/operations"
    for who, status in ((dan, 403), (eve, 404)):
        answer = as_user(who).post(url, {"operations": [op]}, format="json")
        assert answer.status_code == status


def test_nobody_reviews_their_own_work_unless_the_project_says_so(
    orchard, picture, cleo, max_, as_user
):
    body = make_job(as_user(max_), orchard, assignee=str(cleo.id), count=1).json()
    work = JobImage.objects.get(job=body["id"])
    op = creation(picture)
    sent(as_user(cleo), orchard, op)
    move(as_user(cleo), work, "submitted")
    assert move(as_user(cleo), work, "accepted")["code"] == "own_work"
    verdict = operation("verdict.set", op["target"], 1, verdict="accepted")
    assert send(as_user(cleo), orchard, verdict)[0]["code"] == "own_work"
    Project.objects.filter(id=orchard.id).update(self_review=True)
    sent(as_user(cleo), orchard, verdict)
    assert move(as_user(cleo), work, "accepted")["status"] == "applied"


def test_two_people_who_move_the_same_image_do_not_overwrite_each_other(
    orchard, work, ben, max_, as_user
):
    first = operation("job_image.move", work.id, 1, to="in_work")
    second = operation("job_image.move", work.id, 1, to="skipped")
    sent(as_user(ben), orchard, first)
    (result,) = send(as_user(max_), orchard, second)
    assert (result["status"], result["record"]["state"]) == ("conflict", "in_work")


def test_a_move_by_http_needs_the_version(work, ben, as_user):
    address, client = f"/api/v1/job-images/{work.id}", as_user(ben)
    body = {"to": "in_work"}
    assert client.patch(address, body, format="json").status_code == 428
    answer = client.patch(address, body, format="json", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["state"]) == (200, "in_work")
    wrong = client.patch(address, {"to": "accepted"}, format="json", headers={"If-Match": '"2"'})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "bad_move")


def test_lists_of_jobs_take_a_fixed_number_of_queries(
    orchard, pictures, max_, ben, as_user, django_assert_max_num_queries
):
    for _ in range(3):
        make_job(as_user(max_), orchard, assignee=str(ben.id), count=1)
    job = make_job(as_user(max_), orchard, all_unassigned=True).json()
    with django_assert_max_num_queries(4):
        assert len(as_user(ben).get(f"/api/v1/projects/{orchard.id}/jobs").json()["results"]) == 4
    with django_assert_max_num_queries(9):
        rows = as_user(ben).get(f"/api/v1/jobs/{job['id']}/images").json()["results"]
    assert len(rows) == 2
    with django_assert_max_num_queries(16):
        body = as_user(ben).get(f"/api/v1/projects/{orchard.id}/overview").json()
    assert (body["images"]["total"], body["job_images"]["new"]) == (5, 5)
