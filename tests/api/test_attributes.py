"""What labels ask about their objects, and what is done with the answers."""

from __future__ import annotations

import pytest

from samweb.annotations.models import Annotation, JobImage
from samweb.annotations.services.replay import differences
from samweb.projects.models import Label, Project
from tests.editing import creation, operation, send, sent

pytestmark = pytest.mark.django_db

RIPENESS = {"name": "ripeness", "type": "choice", "options": ["green", "ripe"], "required": True}
SPOTS = {"name": "spots", "type": "number", "min": 0, "max": 10, "step": 0.5}
NOTE = {"name": "note", "type": "text", "max_length": 10}
EATEN = {"name": "eaten", "type": "boolean", "default": False}


@pytest.fixture
def apple(orchard, max_, as_user):
    label = Label.objects.get(project=orchard, name="apple")
    return asked(as_user(max_), label, RIPENESS, SPOTS, NOTE, EATEN)


def asked(client, label, *attributes):
    """The label with another schema, set as the settings page sets it."""
    answer = client.patch(
        f"/api/v1/labels/{label.id}", {"attribute_schema": {"attributes": attributes}},
        format="json", headers={"If-Match": f'"{label.version}"'},
    )  # fmt: skip
    assert answer.status_code == 200, answer.data
    label.refresh_from_db()
    return label


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ({"type": "text"}, "attribute 1: name"),
        ({"name": "a", "type": "colour"}, "type must be one of choice, number, text, boolean"),
        ({"name": "a", "type": "choice"}, "'a': options"),
        ({"name": "a", "type": "choice", "options": ["x", "x"]}, "twice"),
        ({"name": "a", "type": "number", "min": 2, "max": 1}, "min is above max"),
        ({"name": "a", "type": "number", "step": 0}, "step must be above 0"),
        ({"name": "a", "type": "number", "max_length": 3}, "a number has no 'max_length'"),
        ({"name": "a", "type": "text", "max_length": 0}, "max_length"),
        ({"name": "a", "type": "number", "max": 3, "default": 4}, "the default must be 3 or less"),
        ({"name": "a", "type": "boolean", "required": "yes"}, "required must be true or false"),
    ],
)
def test_a_schema_that_cannot_be_is_refused_by_the_attribute_s_name(
    attribute, words, orchard, max_, as_user
):
    answer = as_user(max_).post(
        f"/api/v1/projects/{orchard.id}/labels",
        {"name": "pear", "attribute_schema": {"attributes": [attribute]}}, format="json",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_schema")
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ripeness": "blue"}, "'ripeness' of object {id} (apple) must be one of green, ripe"),
        ({"spots": 11}, "'spots' of object {id} (apple) must be 10 or less"),
        ({"spots": 1.3}, "steps of 0.5"),
        ({"spots": True}, "must be a number"),
        ({"note": "longer than ten"}, "at most 10 characters"),
        ({"eaten": "no"}, "must be true or false"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_object_and_attribute(
    values, words, orchard, picture, apple, ben, as_user
):
    op = creation(picture, apple, attributes=values)
    result = send(as_user(ben), orchard, op)[0]
    assert (result["status"], result["code"]) == ("rejected", "bad_attribute")
    assert words.format(id=op["target"]) in result["message"]
    assert Annotation.objects.count() == 0


def test_a_new_object_gets_the_defaults_and_the_journal_knows_them(
    orchard, picture, apple, ben, as_user
):
    op = creation(picture, apple, attributes={"spots": 2.5})
    sent(as_user(ben), orchard, op)
    assert Annotation.objects.get(id=op["target"]).attributes == {"spots": 2.5, "eaten": False}
    assert differences(Project.objects.get(id=orchard.id)) == []


def test_a_changed_schema_makes_no_old_work_unsavable(orchard, picture, apple, ben, max_, as_user):
    op = creation(picture, apple, attributes={"ripeness": "ripe", "spots": 3})
    sent(as_user(ben), orchard, op)
    asked(as_user(max_), apple, {**RIPENESS, "options": ["raw", "done"]})
    kept = {"ripeness": "ripe", "spots": 3, "eaten": True}
    again = operation("annotation.update", op["target"], 1, attributes=kept)
    # Made without a network, under the schema of then; it arrives today.
    late = creation(picture, apple, attributes={"ripeness": "green"})
    sent(as_user(ben), orchard, again, late)
    never = creation(picture, apple, attributes={"ripeness": "blue"})
    assert send(as_user(ben), orchard, never)[0]["code"] == "bad_attribute"
    assert Annotation.objects.get(id=op["target"]).attributes == kept


def test_an_image_with_objects_that_lack_an_answer_is_not_submitted_and_says_which(
    orchard, picture, apple, ben, max_, as_user
):
    body = {"name": "First", "assignee": str(ben.id), "images": [str(picture.id)]}
    url = f"/api/v1/projects/{orchard.id}/jobs"
    job = as_user(max_).post(url, body, format="json").json()["id"]
    work = JobImage.objects.get(job=job)
    whole = creation(picture, apple, attributes={"ripeness": "ripe"})
    bare = creation(picture, apple)
    blank = creation(picture, apple, attributes={"ripeness": None})
    begin = operation("job_image.move", work.id, 1, to="in_work")
    sent(as_user(ben), orchard, whole, bare, blank, begin)
    hand_in = operation("job_image.move", work.id, 2, to="submitted")
    result = send(as_user(ben), orchard, hand_in)[0]
    assert (result["status"], result["code"]) == ("rejected", "missing_attributes")
    assert result["objects"] == [
        {"id": id, "label": "apple", "missing": ["ripeness"]}
        for id in sorted(one["target"] for one in (bare, blank))
    ]
    for one in (bare, blank):
        answer = {"ripeness": "green"}
        sent(as_user(ben), orchard, operation("annotation.update", one["target"], 1,
                                              attributes=answer))  # fmt: skip
    sent(as_user(ben), orchard, operation("job_image.move", work.id, 2, to="submitted"))
