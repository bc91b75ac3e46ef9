"""Projects and memberships: who sees what, who may do what, and nothing is overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from samweb.accounts.models import AuditEvent
from samweb.projects.models import Membership, Project
from tests import cast

pytestmark = pytest.mark.django_db
As = Callable[[cast.User], APIClient]


@pytest.fixture
def people(
    ada: cast.User, max_: cast.User, cleo: cast.User, ben: cast.User, dan: cast.User,
    eve: cast.User,
) -> dict[str, cast.User]:  # fmt: skip
    """The cast by role."""
    return {
        "owner": ada, "manager": max_, "reviewer": cleo, "annotator": ben, "viewer": dan,
        "stranger": eve,
    }  # fmt: skip


def test_who_makes_a_project_owns_it_and_its_labels_get_colours(
    ada: cast.User, as_user: As
) -> None:
    labels = [{"name": "cat"}, {"name": "dog", "colour": "#FF0000", "hotkey": "d"}]
    made = as_user(ada).post("/api/v1/projects", {"name": "Zoo", "labels": labels}, format="json")
    assert made.status_code == 201
    body = made.json()
    assert (body["name"], body["role"], body["version"]) == ("Zoo", "owner", 1)
    assert body["counts"]["images"] == 0
    project = Project.objects.get(pk=body["id"])
    colours = dict(project.labels.values_list("name", "colour"))
    assert colours == {"cat": "#e69f00", "dog": "#ff0000"}
    assert body["seq"] == project.seq == 2


def test_only_those_the_admin_allows_make_projects(
    ben: cast.User, eve: cast.User, as_user: As
) -> None:
    refused = as_user(ben).post("/api/v1/projects", {"name": "x"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "may_not_create")
    assert as_user(eve).post("/api/v1/projects", {"name": "x"}, format="json").status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": ""}, {"name": "  "}, {"name": "x" * 201}, {"name": ["x"]}, [], "x",
        {"name": "x\u0000"}, {"name": "x", "owner": "me"}, {"name": "x", "id": str(uuid4())},
        {"name": "x", "seq": 5}, {"name": "x", "version": 5}, {"name": "x", "created_by": "1"},
        {"name": "x", "labels": [{"name": "a"}, {"name": " A "}]},
        {"name": "x", "labels": [{"name": "a", "colour": "red;background:url(//x)"}]},
        {"name": "x", "labels": [{"name": "a", "colour": "#12345"}]},
        {"name": "x", "labels": [{"name": "\u200b"}]},
        {"name": "x", "labels": [{"name": "a" * 999}]},
        {"name": "x", "labels": [{"name": "a", "hotkey": "ab"}]},
        {"name": "x", "labels": [{"name": "a", "attribute_schema": {"a": "x" * 20_000}}]},
        {"name": "x", "labels": [{"name": "a", "post_rules": {"min_area": -1}}]},
        {"name": "x", "labels": [{"name": "a", "post_rules": {"eval": 1}}]},
        {"name": "x", "labels": {"name": "a"}},
    ],
)  # fmt: skip
def test_projects_that_cannot_be_are_refused_and_nothing_is_stored(
    body: Any, ada: cast.User, as_user: As
) -> None:
    answer = as_user(ada).post("/api/v1/projects", body, format="json")
    assert answer.status_code in (400, 409), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert Project.objects.count() == 0


def test_each_sees_the_projects_they_belong_to_with_their_role(
    people: dict[str, cast.User], orchard: cast.Project, as_user: As
) -> None:
    for role, user in people.items():
        rows = as_user(user).get("/api/v1/projects").json()["results"]
        wanted = {"Elsewhere": "owner"} if role == "stranger" else {"Orchard": role}
        assert {row["name"]: row["role"] for row in rows} == wanted


MATRIX = [
    # method, path, body, the least role
    ("get", "/api/v1/projects/{project}", None, "viewer"),
    ("patch", "/api/v1/projects/{project}", {"description": "d"}, "manager"),
    ("delete", "/api/v1/projects/{project}", None, "owner"),
    ("get", "/api/v1/projects/{project}/memberships", None, "viewer"),
    ("post", "/api/v1/projects/{project}/memberships", {"username": "new", "role": "viewer"},
     "manager"),
    ("patch", "/api/v1/memberships/{membership}", {"role": "annotator"}, "manager"),
    ("delete", "/api/v1/memberships/{membership}", None, "manager"),
    ("get", "/api/v1/projects/{project}/images", None, "viewer"),
    ("post", "/api/v1/projects/{project}/uploads", None, "manager"),
    ("get", "/api/v1/images/{image}", None, "viewer"),
    ("patch", "/api/v1/images/{image}", {"split": "test"}, "manager"),
    ("delete", "/api/v1/images/{image}", None, "manager"),
    ("get", "/api/v1/images/{image}/pixels", None, "viewer"),
    ("get", "/api/v1/images/{image}/thumbnail", None, "viewer"),
]  # fmt: skip


@pytest.mark.parametrize("role", ["nobody", "stranger", "viewer", "annotator", "reviewer",
                                  "manager", "owner"])  # fmt: skip
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]} {row[1]}")
def test_each_role_may_do_what_it_may_and_strangers_see_nothing(
    row: Any, role: str, people: dict[str, cast.User], orchard: cast.Project,
    picture: cast.Image, as_user: As, data_dir: Any,
) -> None:  # fmt: skip
    method, path, body, least = row
    other = cast.member("zoe", orchard, "viewer")
    cast.person("new")
    membership = Membership.objects.get(user=other)
    names = {"project": orchard.id, "membership": membership.id, "image": picture.id}
    client = APIClient() if role == "nobody" else as_user(people[role])
    shape = {"format": "multipart" if "uploads" in path else "json"}
    if method in ("patch", "delete") and "memberships" not in path:
        shape["HTTP_IF_MATCH"] = '"1"'
    answer = getattr(client, method)(path.format(**names), body, **shape)
    ranks = ["viewer", "annotator", "reviewer", "manager", "owner"]
    if role == "nobody":
        assert answer.status_code == 401
    elif role == "stranger":
        missing = getattr(client, method)(
            path.format(project=uuid4(), membership=uuid4(), image=uuid4()), body, **shape
        )
        assert answer.status_code == missing.status_code == 404
        assert answer.content == missing.content
    elif ranks.index(role) < ranks.index(least):
        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")
    else:
        allowed = {200, 201, 204}
        if "uploads" in path:
            allowed = {400}  # allowed in, and then there is no file
        if path.endswith(("pixels", "thumbnail")):
            allowed = {404}  # the row is there, its file is not
            assert "missing in the data folder" in answer.json()["detail"]
        assert answer.status_code in allowed, answer.content


def test_a_change_needs_the_version_it_is_based_on(
    ada: cast.User, orchard: cast.Project, as_user: As
) -> None:
    client, url = as_user(ada), f"/api/v1/projects/{orchard.id}"
    assert client.patch(url, {"name": "a"}, format="json").status_code == 428
    fresh = client.patch(url, {"name": "a"}, format="json", HTTP_IF_MATCH='"1"')
    assert (fresh.status_code, fresh.json()["version"]) == (200, 2)
    stale = client.patch(url, {"name": "b"}, format="json", HTTP_IF_MATCH='"1"')
    assert (stale.status_code, stale.json()["record"]["name"]) == (412, "a")
    assert client.delete(url).status_code == 428
    assert client.delete(url, HTTP_IF_MATCH='"1"').status_code == 412
    assert client.delete(url, HTTP_IF_MATCH='"2"').status_code == 204
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "text", ["*", 'W/"1"', '"1", "2"', '"x"', "", '"-1"', '"' + "9" * 40 + '"']
)
def test_a_version_that_is_none_is_refused(
    text: str, ada: cast.User, orchard: cast.Project, as_user: As
) -> None:
    answer = as_user(ada).patch(
        f"/api/v1/projects/{orchard.id}", {"name": "a"}, format="json", HTTP_IF_MATCH=text
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("field", ["id", "seq", "version", "created_by", "deleted_at", "role"])
def test_a_project_has_no_other_fields_to_change(
    field: str, ada: cast.User, orchard: cast.Project, as_user: As
) -> None:
    answer = as_user(ada).patch(
        f"/api/v1/projects/{orchard.id}", {field: 9}, format="json", HTTP_IF_MATCH='"1"'
    )
    assert answer.status_code == 400 and "Unknown field" in answer.json()["detail"]


def test_nobody_gives_or_takes_a_role_above_their_own(
    people: dict[str, cast.User], orchard: cast.Project, as_user: As
) -> None:
    cast.person("new")
    client, url = as_user(people["manager"]), f"/api/v1/projects/{orchard.id}/memberships"
    above = client.post(url, {"username": "new", "role": "owner"}, format="json")
    assert (above.status_code, above.json()["code"]) == (403, "role_above_yours")
    same = client.post(url, {"username": "new", "role": "manager"}, format="json")
    assert same.status_code == 201
    own = Membership.objects.get(user=people["manager"])
    owner = Membership.objects.get(user=people["owner"])
    for target, role in ((own, "owner"), (owner, "viewer")):
        answer = client.patch(f"/api/v1/memberships/{target.id}", {"role": role}, format="json")
        assert answer.status_code == 403
    assert client.delete(f"/api/v1/memberships/{owner.id}").status_code == 403


def test_the_last_owner_stays_until_there_is_another(
    ada: cast.User, max_: cast.User, orchard: cast.Project, as_user: As
) -> None:
    client = as_user(ada)
    own = Membership.objects.get(user=ada)
    url = f"/api/v1/memberships/{own.id}"
    assert client.delete(url).json()["code"] == "last_owner"
    assert client.patch(url, {"role": "viewer"}, format="json").json()["code"] == "last_owner"
    other = Membership.objects.get(user=max_)
    raised = client.patch(f"/api/v1/memberships/{other.id}", {"role": "owner"}, format="json")
    assert raised.json()["role"] == "owner"
    assert client.delete(url).status_code == 204
    assert client.get(f"/api/v1/projects/{orchard.id}").status_code == 404


def test_everybody_may_leave(dan: cast.User, as_user: As) -> None:
    own = Membership.objects.get(user=dan)
    assert as_user(dan).delete(f"/api/v1/memberships/{own.id}").status_code == 204


def test_a_member_is_added_once_by_id_or_name_and_the_journal_tells(
    ada: cast.User, eve: cast.User, orchard: cast.Project, as_user: As
) -> None:
    client, url = as_user(ada), f"/api/v1/projects/{orchard.id}/memberships"
    added = client.post(url, {"user": str(eve.id), "role": "annotator"}, format="json")
    assert added.json()["user"]["username"] == "eve"
    again = client.post(url, {"username": "eve", "role": "viewer"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "already_member")
    unknown = client.post(url, {"username": "nobody", "role": "viewer"}, format="json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_user")
    for body in ({"role": "viewer"}, {"username": "eve", "role": "god"},
                 {"username": "eve", "user": str(eve.id), "role": "viewer"}):  # fmt: skip
        assert client.post(url, body, format="json").status_code == 400
    event = AuditEvent.objects.get(action="membership.add")
    assert (event.actor, event.project, event.detail["role"]) == (ada, orchard.id, "annotator")
    names = [row["user"]["username"] for row in client.get(url).json()["results"]]
    assert names == ["ada", "eve"]


def test_a_deleted_project_takes_everything_in_it_along(
    ada: cast.User, orchard: cast.Project, picture: cast.Image, as_user: As
) -> None:
    client = as_user(ada)
    own = Membership.objects.get(user=ada)
    client.delete(f"/api/v1/projects/{orchard.id}", HTTP_IF_MATCH='"1"')
    for url in (f"projects/{orchard.id}/images", f"images/{picture.id}",
                f"images/{picture.id}/pixels", f"projects/{orchard.id}/memberships"):  # fmt: skip
        assert client.get(f"/api/v1/{url}").status_code == 404
    assert client.delete(f"/api/v1/memberships/{own.id}").status_code == 404
