"""The feed that closes every gap: what changed since a seq."""

from __future__ import annotations

import pytest

from samweb.core.ids import uuid7
from tests.editing import creation, operation, sent

pytestmark = pytest.mark.django_db


def changes(client, project, since, limit=500):
    return client.get(f"/api/v1/projects/{project.id}/changes?since={since}&limit={limit}")


def test_everything_since_a_seq_comes_once_as_it_is_now(
    orchard, picture, ben, cleo, max_, dan, as_user
):
    ops = [creation(picture) for _ in range(3)]
    sent(as_user(ben), orchard, *ops)
    sent(
        as_user(max_), orchard, operation("label.create", uuid7(), name="bud"),
        operation("job.create", uuid7(), name="J", assignee=str(ben.id), count=1),
    )  # fmt: skip
    body = changes(as_user(dan), orchard, 0).json()
    assert (body["seq"], body["more"]) == (5, False)
    assert [row["seq"] for row in body["annotations"]] == [1, 2, 3]
    assert [len(body[kind]) for kind in ("labels", "jobs", "job_images")] == [1, 1, 1]
    assert body["job_images"][0]["image"]["name"] == "tree.jpg"
    assert body["job_images"][0]["objects"] == 3
    sent(as_user(ben), orchard, operation("annotation.delete", ops[0]["target"], 1))
    sent(as_user(cleo), orchard, operation("verdict.set", ops[1]["target"], 1, verdict="rejected"))
    later = changes(as_user(dan), orchard, 5).json()
    assert [row["id"] for row in later["annotations"]] == [ops[0]["target"], ops[1]["target"]]
    assert later["annotations"][0]["deleted"] is True
    assert later["annotations"][1]["verdict"]["verdict"] == "rejected"
    assert changes(as_user(dan), orchard, 7).json()["annotations"] == []


def test_small_pages_add_up_to_the_whole(orchard, picture, ben, as_user):
    client = as_user(ben)
    sent(client, orchard, *[creation(picture) for _ in range(11)])
    remark = operation("comment.create", uuid7(), image=str(picture.id), text="one")
    sent(client, orchard, remark)
    seen, since, pages = [], 0, 0
    while True:
        body = changes(client, orchard, since, limit=4).json()
        seen += [row["id"] for row in body["annotations"] + body["comments"]]
        since, pages = body["seq"], pages + 1
        if not body["more"]:
            break
    assert (len(seen), len(set(seen)), since, pages) == (12, 12, 12, 3)


def test_a_reader_ahead_of_a_restored_server_is_told(orchard, ben, as_user):
    answer = changes(as_user(ben), orchard, 10)
    assert (answer.status_code, answer.json()["code"]) == (409, "seq_ahead")


@pytest.mark.parametrize("since", ["-1", "x", "1e3", "99999999999999999999"])
def test_a_since_that_is_no_seq_is_refused(since, orchard, ben, as_user):
    assert changes(as_user(ben), orchard, since).status_code == 400


def test_strangers_see_nothing(orchard, eve, as_user):
    assert changes(as_user(eve), orchard, 0).status_code == 404


def test_the_feed_takes_a_fixed_number_of_queries(
    orchard, picture, ben, max_, as_user, django_assert_max_num_queries
):
    sent(as_user(ben), orchard, *[creation(picture) for _ in range(30)])
    sent(as_user(max_), orchard, operation("job.create", uuid7(), name="J", all_unassigned=True))
    with django_assert_max_num_queries(26):
        changes(as_user(ben), orchard, 0)
