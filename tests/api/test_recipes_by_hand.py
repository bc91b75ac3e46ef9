"""Steps a hand makes: what of them the server takes, and projects where objects do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from samweb.annotations.models import Annotation, Operation
from samweb.annotations.services.replay import differences
from samweb.core.ids import uuid7
from samweb.masks import rle
from samweb.projects.models import Project
from tests.editing import box, creation, operation, send, sent

pytestmark = pytest.mark.django_db
CHANGED = {"bbox": [5, 5, 10, 8], "counts": [0, 80]}


def recipe(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "steps": list(steps)}


def test_strokes_polygons_tidying_and_sources_are_kept_as_they_came(orchard, picture, ben, as_user):
    steps = [
        {"type": "combine", "op": "merge", "sources": [f"{uuid7()}@3"]},
        {"type": "paint", "add": box(picture), "remove": None},
        {
            "type": "paint", "add": box(picture), "remove": None, "changed": CHANGED,
            "polygon": [5, 5, 15, 5, 15, 13, 5, 13],
        },
        {"type": "post", "fill_holes": True, "smooth": 2, "min_area": 64, "changed": None},
    ]  # fmt: skip
    sent(as_user(ben), orchard, creation(picture, recipe=recipe(*steps)))
    assert Annotation.objects.get().recipe["steps"] == steps
    assert list(differences(Project.objects.get(id=orchard.id))) == []


@pytest.mark.parametrize(
    "step",
    [
        {"type": "paint", "add": None, "remove": None, "polygon": [1, 2, 3, 4]},
        {"type": "paint", "add": None, "remove": None, "polygon": "star"},
        {"type": "paint", "add": {"size": [40, 61], "counts": [2440]}, "remove": None},
        {"type": "paint", "add": None, "remove": None, "changed": {"bbox": [0, 0, 2, 2]}},
        {"type": "post", "changed": {"bbox": [59, 0, 2, 2], "counts": [4]}},
        {"type": "post", "changed": {"bbox": [0, 0, 2, 2], "counts": [5]}},
        {"type": "post", "sharpen": True},
        {"type": "combine", "op": "merge", "sources": ["apple"]},
    ],
)
def test_a_step_that_says_no_pixels_of_this_image_is_refused(step, orchard, picture, ben, as_user):
    (result,) = send(as_user(ben), orchard, creation(picture, recipe=recipe(step)))
    assert (result["status"], result["code"]) == ("rejected", "bad_recipe"), result
    assert Operation.objects.count() == 0


@pytest.mark.parametrize(
    ("scribble", "code"),
    [
        ({"label": 1, "points": [[3, 4], [5.5, 6]]}, None),
        ({"label": 0, "points": [[60, 40]]}, None),
        ({"label": 1, "points": []}, "bad_recipe"),
        ({"label": 2, "points": [[3, 4]]}, "bad_recipe"),
        ({"label": 1, "points": [[3, 4, 5]]}, "bad_recipe"),
        ({"label": 1, "points": [[61, 4]]}, "out_of_bounds"),
        ({"label": 1}, "bad_recipe"),
        ([3, 4], "bad_recipe"),
    ],
)
def test_a_scribble_is_a_line_of_points_inside_the_image(
    scribble, code, orchard, picture, ben, as_user
):
    step = {"type": "decode", "prompts": {"points": [], "boxes": [], "scribbles": [scribble]}}
    (result,) = send(as_user(ben), orchard, creation(picture, recipe=recipe(step)))
    assert (result["status"], result.get("code")) == ("rejected" if code else "applied", code)


def test_a_changed_recipe_may_be_sent_as_what_changed(orchard, picture, ben, as_user):
    client = as_user(ben)
    first = {"type": "combine", "op": "merge", "sources": []}
    painted = {"type": "paint", "add": box(picture), "remove": None}
    op = creation(picture, recipe=recipe(first, painted))
    patch = {"bbox": [14, 5, 3, 8], "counts": [0, 24]}
    sent(
        client, orchard, op,
        operation(
            "annotation.update", op["target"], 1,
            recipe_patch={
                "keep": 1,
                "steps": [{"type": "paint", "add_patch": patch, "remove_patch": CHANGED}],
            },
        ),
    )  # fmt: skip
    steps = Annotation.objects.get().recipe["steps"]
    assert steps[0] == first
    moved = np.zeros((40, 60), bool)
    moved[5:13, [*range(5, 14), 15, 16]] = True
    assert steps[1]["add"]["counts"] == rle.encode(moved)
    assert steps[1]["remove"]["counts"] == box(picture)["counts"]
    post = {"type": "post", "fill_holes": True}
    sent(
        client, orchard,
        operation("annotation.update", op["target"], 2, recipe_patch={"keep": 2, "steps": [post]}),
        operation("annotation.update", op["target"], 3, recipe_patch={"keep": 1, "steps": []}),
    )  # fmt: skip
    assert Annotation.objects.get().recipe["steps"] == [first]
    assert list(differences(Project.objects.get(id=orchard.id))) == []


@pytest.mark.parametrize(
    "patch",
    [
        {"keep": 2, "steps": []},
        {"keep": -1, "steps": []},
        {"keep": 0, "steps": "all"},
        {"keep": 1},
        {"keep": 1, "steps": [{"type": "paint", "add_patch": None, "remove_patch": None}]},
        {"keep": 0, "steps": [{"type": "paint", "add_patch": CHANGED}]},
        {"keep": 0, "steps": [{"type": "paint", "remove_patch": None,
                               "add_patch": {"bbox": [59, 0, 2, 2], "counts": [4]}}]},
        {"keep": 1, "steps": [{"type": "magic"}]},
    ],
)  # fmt: skip
def test_a_patch_that_fits_no_recipe_is_refused(patch, orchard, picture, ben, as_user):
    client = as_user(ben)
    op = creation(picture, recipe=recipe({"type": "paint", "add": box(picture), "remove": None}))
    sent(client, orchard, op)
    (result,) = send(
        client, orchard, operation("annotation.update", op["target"], 1, recipe_patch=patch)
    )
    assert result["status"] == "rejected"
    assert Annotation.objects.get().version == 1


@pytest.fixture
def exclusive(orchard):
    """Orchard, where a pixel belongs to one object."""
    Project.objects.filter(id=orchard.id).update(overlap_rule="exclusive")
    return orchard


def test_where_pixels_belong_to_one_object_nobody_takes_anothers(exclusive, picture, ben, as_user):
    client = as_user(ben)
    first = creation(picture, mask=box(picture, 5, 5, 10, 8))
    sent(client, exclusive, first)
    over, beside = box(picture, 12, 5, 10, 8), box(picture, 15, 5, 10, 8)
    (refused,) = send(client, exclusive, creation(picture, mask=over))
    assert (refused["status"], refused["code"]) == ("rejected", "overlap")
    assert "24 pixels" in refused["message"] and first["target"] in refused["message"]
    second = creation(picture, mask=beside)
    sent(client, exclusive, second)
    (refused,) = send(
        client, exclusive, operation("annotation.update", second["target"], 1, mask=over)
    )
    assert refused["code"] == "overlap"
    patch = {"bbox": [14, 5, 1, 8], "counts": [0, 8], "base_version": 1}
    (refused,) = send(
        client, exclusive, operation("annotation.update", second["target"], 1, mask_patch=patch)
    )
    assert refused["code"] == "overlap"


def test_an_object_comes_back_only_where_its_pixels_are_free(exclusive, picture, ben, as_user):
    client = as_user(ben)
    first, second = creation(picture), creation(picture)
    sent(client, exclusive, first, operation("annotation.delete", first["target"], 1), second)
    (refused,) = send(client, exclusive, operation("annotation.restore", first["target"], 2))
    assert refused["code"] == "overlap"
    sent(
        client, exclusive,
        operation("annotation.delete", second["target"], 1),
        operation("annotation.restore", first["target"], 2),
    )  # fmt: skip


def test_old_overlaps_stay_and_may_only_shrink(orchard, picture, ben, as_user):
    client = as_user(ben)
    first = creation(picture, mask=box(picture, 5, 5, 10, 8))
    second = creation(picture, mask=box(picture, 10, 5, 10, 8))
    sent(client, orchard, first, second)
    Project.objects.filter(id=orchard.id).update(overlap_rule="exclusive")
    smaller = box(picture, 11, 5, 9, 8)
    sent(client, orchard, operation("annotation.update", second["target"], 1, mask=smaller))
    sent(client, orchard, operation("annotation.update", second["target"], 2, iscrowd=True))
    larger = box(picture, 10, 5, 10, 8)
    (refused,) = send(
        client, orchard, operation("annotation.update", second["target"], 3, mask=larger)
    )
    assert (refused["code"], "8 pixels" in refused["message"]) == ("overlap", True)


def test_images_and_layers_do_not_stand_in_each_others_way(exclusive, picture, ben, max_, as_user):
    sent(as_user(ben), exclusive, creation(picture))
    truth = creation(picture)
    truth["payload"]["layer"] = "ground_truth"
    sent(as_user(max_), exclusive, truth)
