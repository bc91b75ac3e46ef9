"""Labels over HTTP: every change is an operation."""

from __future__ import annotations

import pytest

from samweb.annotations.models import Operation
from samweb.annotations.services.replay import differences
from samweb.core.ids import uuid7
from samweb.projects.models import Label, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(orchard):
    return f"/api/v1/projects/{orchard.id}/labels"


def test_labels_are_listed_in_their_order(url, dan, as_user):
    rows = as_user(dan).get(url).json()["results"]
    assert [row["name"] for row in rows] == ["apple", "leaf"]


def test_a_new_label_gets_a_colour_and_is_journalled(orchard, url, max_, as_user):
    own = str(uuid7())
    answer = as_user(max_).post(url, {"id": own, "name": "  Bud "}, format="json")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["id"], body["name"], body["version"]) == (own, "Bud", 1)
    assert body["colour"].startswith("#")
    assert Operation.objects.get(target=own).kind == "label.create"
    assert differences(Project.objects.get(id=orchard.id)) == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "APPLE"}, 409),
        ({"name": "\uff41pple"}, 409),
        ({"name": "ap\u200bple"}, 409),
        ({"name": ""}, 400),
        ({"name": "\u200b"}, 400),
        ({"name": "x" * 201}, 400),
        ({"name": 7}, 400),
        ({}, 400),
        ({"name": "a", "colour": "red;background:url(//x)"}, 400),
        ({"name": "a", "colour": "#12345"}, 400),
        ({"name": "a", "kind": "monster"}, 400),
        ({"name": "a", "hotkey": "ab"}, 400),
        ({"name": "a", "order": 1.5}, 400),
        ({"name": "a", "parent": str(uuid7())}, 400),
        ({"name": "a", "version": 7}, 400),
        ({"name": "a", "id": "x"}, 400),
        ({"name": "a", "attribute_schema": [1]}, 400),
    ],
)
def test_a_label_that_cannot_be_is_refused(fields, status, url, max_, as_user):
    answer = as_user(max_).post(url, fields, format="json")
    assert answer.status_code == status, answer.data
    assert Label.objects.count() == 2


def test_names_with_markup_are_just_names(url, max_, as_user):
    for name in ("<script>alert(1)</script>", '"><img onerror=x>', "{{7*7}}", "javascript:x"):
        answer = as_user(max_).post(url, {"name": name}, format="json")
        assert answer.json()["name"] == name


def test_changing_and_deleting_need_the_version(orchard, url, max_, as_user):
    client, label = as_user(max_), Label.objects.get(name="leaf")
    address = f"/api/v1/labels/{label.id}"
    assert client.patch(address, {"name": "x"}, format="json").status_code == 428
    match = {"If-Match": '"1"'}
    answer = client.patch(address, {"name": "Leaves", "hotkey": "L"}, format="json", headers=match)
    assert (answer.json()["name"], answer.json()["version"]) == ("Leaves", 2)
    stale = client.patch(address, {"name": "x"}, format="json", headers=match)
    assert (stale.status_code, stale.json()["record"]["name"]) == (412, "Leaves")
    assert client.delete(address, headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(address).status_code == 404
    assert len(client.get(url).json()["results"]) == 1
    assert client.post(url, {"name": "leaves"}, format="json").status_code == 201
    assert differences(Project.objects.get(id=orchard.id)) == []


def test_only_managers_change_labels(orchard, url, ben, cleo, dan, eve, as_user):
    label = Label.objects.get(name="leaf")
    address, match = f"/api/v1/labels/{label.id}", {"If-Match": '"1"'}
    for who, status in ((ben, 403), (cleo, 403), (dan, 403), (eve, 404)):
        client = as_user(who)
        assert client.post(url, {"name": "x"}, format="json").status_code == status
        changed = client.patch(address, {"name": "x"}, format="json", headers=match)
        assert changed.status_code == status
        assert client.delete(address, headers=match).status_code == status
    assert as_user(eve).get(url).status_code == as_user(eve).get(address).status_code == 404
    assert Label.objects.get(id=label.id).version == 1


def test_labels_made_with_a_project_are_journalled_too(ada, as_user):
    body = {"name": "New", "labels": [{"name": "cat"}, {"name": "dog", "colour": "#00ff00"}]}
    answer = as_user(ada).post("/api/v1/projects", body, format="json")
    project = Project.objects.get(id=answer.json()["id"])
    kinds = Operation.objects.filter(project=project).values_list("kind", flat=True)
    assert list(kinds) == ["label.create"] * 2
    assert differences(project) == []
