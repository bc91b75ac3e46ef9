"""The write path: idempotent, versioned, one savepoint each, replayable."""

from __future__ import annotations

import json
from typing import Any

import pytest

from samweb.annotations.models import Annotation, Mask, Operation
from samweb.annotations.services.replay import differences
from samweb.core.ids import uuid7
from samweb.projects.models import Project
from tests import cast
from tests.editing import box, creation, operation, send, sent

pytestmark = pytest.mark.django_db
RECIPE: dict[str, Any] = {
    "version": 1,
    "steps": [
        {
            "type": "decode", "bundle": "b", "view": "full",
            "prompts": {
                "points": [{"x": 3.5, "y": 4.5, "label": 1}], "boxes": [[0, 0, 60, 40]],
                "scribbles": [], "mask_input": None, "text": None, "exemplars": [],
            },
            "feedback_from": None, "candidate": 0, "iou_predictions": [0.9, 0.5, 0.4],
            "stability": 0.95, "threshold": 0.0,
        }
    ],
}  # fmt: skip


def label_of(project: Project, name: str = "apple") -> cast.Label:
    return cast.Label.objects.get(project=project, name=name)


def test_a_created_object_is_stored_with_the_area_and_box_of_the_server(
    orchard, picture, ben, as_user
):
    op = creation(picture, label_of(orchard), recipe=RECIPE, attributes={"ripe": True})
    (result,) = sent(as_user(ben), orchard, op)
    assert result["version"] == 1
    row = Annotation.objects.get(id=op["target"])
    assert (row.author, row.mask.area, row.mask.bbox) == (ben, 80, [5, 5, 10, 8])
    assert row.recipe == RECIPE
    assert row.seq == result["seq"] == Project.objects.get(id=orchard.id).seq
    assert Operation.objects.get(id=op["id"]).payload["mask"] == row.mask_id


def test_a_retry_answers_duplicate_and_changes_nothing(orchard, picture, ben, as_user):
    op = creation(picture)
    (first,) = sent(as_user(ben), orchard, op)
    (again, twin) = send(as_user(ben), orchard, op, {**op, "active_ms": 9, "client_time": None})
    assert again == {"id": op["id"], "status": "duplicate", "seq": first["seq"], "version": 1}
    assert twin["status"] == "duplicate"
    assert Operation.objects.count() == Annotation.objects.count() == 1


def test_an_id_used_for_another_edit_or_by_another_person_is_refused(
    orchard, picture, ben, cleo, as_user
):
    op = creation(picture)
    sent(as_user(ben), orchard, op)
    other = {**op, "payload": {**op["payload"], "mask": box(picture, 1, 1, 2, 2)}}
    assert send(as_user(ben), orchard, other)[0]["code"] == "id_reused"
    assert send(as_user(cleo), orchard, op)[0]["code"] == "id_reused"


def test_ids_of_another_project_say_nothing_about_it(orchard, picture, ben, eve, as_user):
    op = creation(picture)
    sent(as_user(ben), orchard, op)
    hers = cast.Project.objects.get(name="Elsewhere")
    image = cast.image(hers, "road.jpg", width=60, height=40)
    foreign = [
        operation("annotation.update", op["target"], 1, label=None),
        operation("annotation.update", uuid7(), 1, label=None),
        operation("annotation.delete", op["target"], 1),
        operation("verdict.set", op["target"], 1, verdict="accepted"),
        operation("comment.create", uuid7(), image=str(picture.id), text="hello"),
        creation(picture),
    ]
    results = send(as_user(eve), hers, *foreign)
    assert {result["code"] for result in results} == {"not_found"}
    assert results[0]["message"] == results[1]["message"]
    taken = {**creation(image), "id": op["id"]}
    assert send(as_user(eve), hers, taken)[0]["code"] == "id_reused"
    same_target = {**creation(image), "target": op["target"]}
    assert send(as_user(eve), hers, same_target)[0]["code"] == "id_reused"
    label = label_of(orchard)
    assert send(as_user(eve), hers, creation(image, label))[0]["code"] == "unknown_label"
    assert Annotation.objects.filter(project=hers).count() == 0
    assert Operation.objects.filter(project=hers).count() == 0


def test_a_second_writer_on_the_same_object_gets_the_current_record(
    orchard, picture, ben, cleo, as_user
):
    op = creation(picture)
    sent(as_user(ben), orchard, op)
    sent(as_user(cleo), orchard, operation("annotation.update", op["target"], 1, iscrowd=True))
    mine = operation("annotation.update", op["target"], 1, attributes={"ripe": False})
    later = operation("annotation.update", op["target"], 2, order_key="b")
    other = creation(picture)
    first, second, third = send(as_user(ben), orchard, mine, later, other)
    assert first["status"] == second["status"] == "conflict"
    assert first["record"]["version"] == 2
    assert first["record"]["iscrowd"] is True
    assert third["status"] == "applied"
    row = Annotation.objects.get(id=op["target"])
    assert (row.version, row.attributes, row.order_key) == (2, {}, "")


def test_editing_a_deleted_object_conflicts_and_restoring_it_is_a_change(
    orchard, picture, ben, as_user
):
    client, op = as_user(ben), creation(picture)
    sent(client, orchard, op, operation("annotation.delete", op["target"], 1))
    for base_version in (1, 2):
        (result,) = send(
            client, orchard, operation("annotation.update", op["target"], base_version, label=None)
        )
        assert result["status"] == "conflict"
        assert result["record"]["deleted"] is True
    sent(client, orchard, operation("annotation.restore", op["target"], 2))
    row = Annotation.objects.get(id=op["target"])
    assert (row.version, row.deleted_at) == (3, None)


def test_one_poisoned_operation_does_not_hold_up_the_others(orchard, picture, ben, as_user):
    good = [creation(picture) for _ in range(3)]
    bad = [
        creation(picture, mask={"size": [40, 60], "counts": [1]}),
        {"id": "not an id"},
        {"id": "İ" * 70},
        None,
        {**creation(picture), "kind": "annotation.explode"},
        {**creation(picture), "payload": []},
        {**creation(picture), "owner": "me"},
        creation(picture, version=7),
        {**creation(picture), "client_time": "0000-99-99"},
        {**creation(picture), "client_time": "0001-01-01T00:00:00+14:00"},
        {**creation(picture), "base_version": 2**63},
        {**creation(picture), "tool": ["x"]},
    ]
    mixed = [good[0], *bad[:6], good[1], *bad[6:], good[2]]
    results = send(as_user(ben), orchard, *mixed)
    assert [r["status"] for r in results].count("applied") == 3
    assert [r["status"] for r in results].count("rejected") == len(bad)
    assert all(r["message"] and r["code"] for r in results if r["status"] == "rejected")
    assert Operation.objects.count() == 3
    seqs = list(Operation.objects.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(seqs[0], seqs[0] + 3))


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        ({"size": [40, 60], "counts": "1"}, "bad_rle"),
        ({"size": [60, 40], "counts": [2400]}, "bad_size"),
        ({"size": [40, 60], "counts": [-1, 2401]}, "bad_rle"),
        ({"size": [40, 60], "counts": [2399]}, "bad_rle"),
        ({"size": [40, 60], "counts": [2400 + 2**32]}, "bad_rle"),
        ({"size": [40, 60], "counts": [2400]}, "empty_mask"),
        ({"size": [40, 60], "counts": 5}, "bad_rle"),
        ({"size": [40, 60]}, "invalid"),
        ({"size": [40, 60], "counts": [2400], "area": 3}, "unknown_field"),
        (None, "invalid"),
        ("P", "invalid"),
    ],
)
def test_a_malformed_mask_stores_nothing(mask, code, orchard, picture, ben, as_user):
    (result,) = send(as_user(ben), orchard, creation(picture, mask=mask))
    assert (result["status"], result["code"]) == ("rejected", code)
    assert Mask.objects.count() == Annotation.objects.count() == Operation.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"points": [{"x": 60.5, "y": 1, "label": 1}]}, "out_of_bounds"),
        ({"points": [{"x": -0.5, "y": 1, "label": 1}]}, "out_of_bounds"),
        ({"boxes": [[0, 0, 61, 40]]}, "out_of_bounds"),
        ({"boxes": [[0, 0, 10**400, 40]]}, "bad_recipe"),
        ({"boxes": [[5, 5, 5, 9]]}, "bad_recipe"),
        ({"boxes": [[9, 5, 5, 9]]}, "bad_recipe"),
        ({"points": [{"x": "3", "y": 1, "label": 1}]}, "bad_recipe"),
        ({"points": [{"x": 3, "y": 1, "label": 2}]}, "bad_recipe"),
        ({"points": [{"x": 3, "y": 1}]}, "bad_recipe"),
        ({"points": [{"x": 3, "y": 1, "label": 1}] * 1001}, "bad_recipe"),
        ({"colour": "red"}, "bad_recipe"),
    ],
)
def test_prompts_that_cannot_be_are_refused(change, code, orchard, picture, ben, as_user):
    step = RECIPE["steps"][0]
    recipe = {"version": 1, "steps": [{**step, "prompts": {**step["prompts"], **change}}]}
    (result,) = send(as_user(ben), orchard, creation(picture, recipe=recipe))
    assert (result["status"], result["code"]) == ("rejected", code), result
    assert Annotation.objects.count() == 0


def test_a_number_beyond_floats_is_refused_in_words(orchard, picture, ben, as_user):
    """json.loads turns 1e999 into infinity; no column may see it."""
    op = creation(picture, attributes={"n": 1})
    text = json.dumps({"operations": [op]}).replace('"n": 1', '"n": 1e999')
    response = as_user(ben).post(
        f"/api/v1/projects/{orchard.id}/operations", text, content_type="application/json"
    )
    assert response.status_code == 400
    assert Operation.objects.count() == 0


def test_a_patch_changes_pixels_in_its_box_only(orchard, picture, ben, as_user):
    client, op = as_user(ben), creation(picture)
    sent(client, orchard, op)
    patch = {"bbox": [14, 5, 3, 8], "counts": [0, 24], "base_version": 1}
    sent(client, orchard, operation("annotation.update", op["target"], 1, mask_patch=patch))
    row = Annotation.objects.get(id=op["target"])
    # Column 14 was set and is cleared; 15 and 16 were clear and are set.
    assert (row.mask.area, row.mask.bbox) == (80 - 8 + 16, [5, 5, 12, 8])
    for wrong in (
        {**patch, "bbox": [58, 0, 3, 8], "base_version": 2},
        {**patch, "counts": [0, 23], "base_version": 2},
    ):
        (result,) = send(
            client, orchard, operation("annotation.update", op["target"], 2, mask_patch=wrong)
        )
        assert result["status"] == "rejected"
    stale = operation("annotation.update", op["target"], 2, mask_patch=patch)
    assert send(client, orchard, stale)[0]["status"] == "conflict"


def test_an_unknown_label_is_refused_and_a_deleted_one_is_kept(
    orchard, picture, ben, max_, as_user
):
    unknown = creation(picture)
    unknown["payload"]["label"] = str(uuid7())
    assert send(as_user(ben), orchard, unknown)[0]["code"] == "unknown_label"
    apple = label_of(orchard)
    sent(as_user(max_), orchard, operation("label.delete", apple.id, apple.version))
    op = creation(picture, apple)
    sent(as_user(ben), orchard, op)
    assert Annotation.objects.get(id=op["target"]).label_id == apple.id


def test_viewers_and_strangers_write_nothing(orchard, picture, dan, eve, as_user, client):
    url = f"/api/v1/projects/{orchard.id}/operations"
    body = {"device": "d", "operations": [creation(picture)]}
    assert as_user(dan).post(url, body, format="json").status_code == 403
    assert as_user(eve).post(url, body, format="json").status_code == 404
    assert client.post(url, body, content_type="application/json").status_code == 401
    assert Operation.objects.count() == 0


def test_a_journal_is_never_sent_under_anothers_sign_in(orchard, picture, ben, cleo, as_user):
    response = as_user(cleo).post(
        f"/api/v1/projects/{orchard.id}/operations", {"operations": [creation(picture)]},
        format="json", headers={"X-Samweb-User": str(ben.id)},
    )  # fmt: skip
    assert (response.status_code, response.json()["code"]) == (401, "other_user")
    assert Operation.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        [], {}, {"operations": {}}, {"operations": [], "x": 1}, {"operations": [], "device": 3},
        {"operations": [], "device": "x" * 65},
    ],
)  # fmt: skip
def test_a_body_that_is_no_batch_is_refused(body, orchard, ben, as_user):
    response = as_user(ben).post(f"/api/v1/projects/{orchard.id}/operations", body, format="json")
    assert response.status_code == 400
    assert response.json()["code"]


def test_more_than_a_hundred_at_once_is_refused(orchard, picture, ben, as_user):
    response = as_user(ben).post(
        f"/api/v1/projects/{orchard.id}/operations", {"operations": [{}] * 101}, format="json"
    )
    assert response.status_code == 413


def test_rows_equal_the_replay_after_every_kind_of_operation(
    orchard, picture, ben, cleo, max_, as_user
):
    b, c, m = as_user(ben), as_user(cleo), as_user(max_)
    one, two = creation(picture, label_of(orchard), recipe=RECIPE), creation(picture)
    sent(b, orchard, one, two)
    patch = {"bbox": [0, 0, 9, 9], "counts": [3, 78], "base_version": 1}
    sent(
        b, orchard,
        operation("annotation.update", one["target"], 1, mask_patch=patch, order_key="a"),
        operation("annotation.update", one["target"], 2, track=str(uuid7()), label=None),
        operation("annotation.delete", two["target"], 1),
        operation("annotation.restore", two["target"], 2),
    )  # fmt: skip
    sent(c, orchard, operation("verdict.set", one["target"], 3, verdict="rejected", reason="edge"))
    sent(c, orchard, operation("verdict.set", two["target"], 3, verdict="accepted"))
    sent(c, orchard, operation("verdict.set", two["target"], 3, verdict=None))
    remark = operation("comment.create", uuid7(), image=str(picture.id), x=3, y=4.25, text="see")
    sent(b, orchard, remark, operation("comment.update", remark["target"], 1, resolved=True))
    label = operation("label.create", uuid7(), name=" Twig ", colour="#AABBCC")
    job = operation("job.create", uuid7(), name="J", assignee=str(ben.id), all_unassigned=True)
    sent(
        m, orchard, label, operation("label.update", label["target"], 1, hotkey="t"), job,
        operation("image.update", picture.id, 1, folder="a/b", attributes={"sun": 1.5}),
    )  # fmt: skip
    sent(m, orchard, operation("label.delete", label["target"], 2))
    found = b.get(f"/api/v1/jobs/{job['target']}/images").json()["results"][0]
    sent(b, orchard, operation("job_image.move", found["id"], 1, to="in_work", note="n"))
    assert differences(orchard_now(orchard)) == []
    sent(m, orchard, operation("job.delete", job["target"], 1))
    assert differences(orchard_now(orchard)) == []
    Annotation.objects.filter(id=one["target"]).update(order_key="tampered")
    assert "order_key" in differences(orchard_now(orchard))[0]


def orchard_now(project: Project) -> Project:
    return Project.objects.get(id=project.id)


def test_a_full_batch_takes_a_bounded_number_of_queries(
    orchard, picture, ben, as_user, django_assert_max_num_queries
):
    batch = [creation(picture, label_of(orchard)) for _ in range(20)]
    with django_assert_max_num_queries(20 * 7 + 15):
        sent(as_user(ben), orchard, *batch)
