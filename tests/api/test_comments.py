"""Comments on images, places and objects."""

from __future__ import annotations

import pytest

from samweb.annotations.models import Comment
from samweb.core.ids import uuid7
from tests import cast
from tests.editing import creation, operation, send, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(picture):
    return f"/api/v1/images/{picture.id}/comments"


def test_a_remark_and_its_answer_are_listed(url, picture, orchard, ben, cleo, dan, as_user):
    op = creation(picture)
    sent(as_user(ben), orchard, op)
    pin = {"text": "Is this an apple?", "x": 3.5, "y": 4, "annotation": op["target"]}
    first = as_user(cleo).post(url, pin, format="json")
    assert first.status_code == 201
    answer = {"text": "Yes.", "parent": first.json()["id"]}
    assert as_user(ben).post(url, answer, format="json").status_code == 201
    rows = as_user(dan).get(url).json()["results"]
    assert [row["text"] for row in rows] == ["Is this an apple?", "Yes."]
    assert (rows[0]["x"], rows[0]["y"], rows[0]["author"]["name"]) == (3.5, 4.0, "Cleo")
    assert rows[1]["parent"] == rows[0]["id"]


def test_words_are_their_authors_and_settling_is_everybodys(url, ben, cleo, max_, as_user):
    made = as_user(cleo).post(url, {"text": "one"}, format="json").json()
    address, match = f"/api/v1/comments/{made['id']}", {"If-Match": '"1"'}
    denied = as_user(ben).patch(address, {"text": "x"}, format="json", headers=match)
    assert denied.status_code == 403
    settled = as_user(ben).patch(address, {"resolved": True}, format="json", headers=match)
    assert (settled.status_code, settled.json()["resolved"]) == (200, True)
    stale = as_user(cleo).patch(address, {"text": "two"}, format="json", headers=match)
    assert stale.status_code == 412
    assert as_user(ben).delete(address, headers={"If-Match": '"2"'}).status_code == 403
    assert as_user(max_).delete(address, headers={"If-Match": '"2"'}).status_code == 204
    assert as_user(cleo).get(url).json()["results"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"text": ""}, {"text": "   "}, {"text": 5}, {"text": "x" * 10_001},
        {"text": "a", "x": 1},
        {"text": "a", "x": 61, "y": 1}, {"text": "a", "x": -1, "y": 1},
        {"text": "a", "x": "1", "y": 1}, {"text": "a", "author": "me"}, {"text": "a", "id": "me"},
    ],
)  # fmt: skip
def test_a_remark_that_cannot_be_is_refused(fields, url, ben, as_user):
    answer = as_user(ben).post(url, fields, format="json")
    assert answer.status_code == 400, answer.data
    assert Comment.objects.count() == 0


def test_a_remark_belongs_to_one_image_of_one_project(
    url, orchard, picture, ben, dan, eve, as_user
):
    other = cast.image(orchard, "other.jpg", width=9, height=9)
    op = creation(other)
    sent(as_user(ben), orchard, op)
    for fields in ({"annotation": op["target"]}, {"parent": str(uuid7())}):
        answer = as_user(ben).post(url, {"text": "a", **fields}, format="json")
        assert answer.status_code == 404
    assert as_user(eve).get(url).status_code == 404
    assert as_user(eve).post(url, {"text": "a"}, format="json").status_code == 404
    assert as_user(dan).post(url, {"text": "a"}, format="json").status_code == 403
    made = as_user(ben).post(url, {"text": "a"}, format="json").json()
    assert as_user(eve).get(f"/api/v1/comments/{made['id']}").status_code == 404
    gone = operation("comment.update", uuid7(), 1, resolved=True)
    assert send(as_user(ben), orchard, gone)[0]["code"] == "not_found"
