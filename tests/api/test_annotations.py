"""Annotations over HTTP: reading, and direct changes with If-Match."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Picture

from samweb.annotations.models import Annotation, Operation
from samweb.annotations.services.replay import differences
from samweb.core.ids import uuid7
from samweb.masks import rle
from tests.editing import box, creation, operation, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(orchard, picture, ben, as_user):
    """The id of an object that Ben drew."""
    op = creation(picture)
    sent(as_user(ben), orchard, op)
    return op["target"]


def url(identifier, rest=""):
    return f"/api/v1/annotations/{identifier}{rest}"


def test_the_objects_of_an_image_come_in_their_order_with_the_seq(
    orchard, picture, ben, dan, as_user
):
    ops = [creation(picture, order_key=key) for key in "cab"]
    sent(as_user(ben), orchard, *ops, operation("annotation.delete", ops[0]["target"], 1))
    body = as_user(dan).get(f"/api/v1/images/{picture.id}/annotations").json()
    assert [row["id"] for row in body["results"]] == [ops[1]["target"], ops[2]["target"]]
    assert body["seq"] == 4
    first = body["results"][0]
    assert first["mask"]["area"] == 80
    assert first["author"] == {"id": str(ben.id), "name": "Ben"}
    assert (first["verdict"], first["deleted"], first["layer"]) == (None, False, "main")
    empty = as_user(dan).get(f"/api/v1/images/{picture.id}/annotations?layer=ground_truth")
    assert empty.json()["results"] == []
    wrong = as_user(dan).get(f"/api/v1/images/{picture.id}/annotations?layer=secret")
    assert wrong.status_code == 400


def test_reading_many_objects_takes_as_many_queries_as_reading_one(
    orchard, picture, ben, cleo, as_user, django_assert_num_queries
):
    ops = [creation(picture) for _ in range(12)]
    sent(as_user(ben), orchard, *ops)
    verdicts = [operation("verdict.set", op["target"], 1, verdict="accepted") for op in ops]
    sent(as_user(cleo), orchard, *verdicts)
    client = as_user(ben)
    with django_assert_num_queries(3):
        body = client.get(f"/api/v1/images/{picture.id}/annotations").json()
    assert len(body["results"]) == 12
    assert body["results"][3]["verdict"]["reviewer"]["name"] == "Cleo"
    with django_assert_num_queries(3):
        page = client.get(f"/api/v1/projects/{orchard.id}/annotations?limit=5").json()
    assert len(page["results"]) == 5
    rest = client.get(
        f"/api/v1/projects/{orchard.id}/annotations?limit=100&cursor={page['next']}"
    ).json()
    seen = {row["id"] for row in page["results"] + rest["results"]}
    assert (len(seen), rest["next"]) == (12, None)


def test_a_change_needs_the_version_it_is_based_on(drawn, ben, cleo, as_user):
    client = as_user(ben)
    assert client.patch(url(drawn), {"iscrowd": True}, format="json").status_code == 428
    for garbage in ("*", "x", '"1", "2"', "-1", '"99999999999"'):
        answer = client.patch(
            url(drawn), {"iscrowd": True}, format="json", headers={"If-Match": garbage}
        )
        assert answer.status_code == 400, garbage
    good = client.patch(url(drawn), {"iscrowd": True}, format="json", headers={"If-Match": '"1"'})
    assert (good.status_code, good.json()["version"], good.headers["ETag"]) == (200, 2, '"2"')
    stale = as_user(cleo).patch(
        url(drawn), {"iscrowd": False}, format="json", headers={"If-Match": '"1"'}
    )
    assert (stale.status_code, stale.json()["record"]["version"]) == (412, 2)
    assert Annotation.objects.get().iscrowd is True


def test_put_replaces_and_delete_puts_away(orchard, picture, drawn, ben, as_user):
    client = as_user(ben)
    match = {"If-Match": '"1"'}
    assert client.put(url(drawn), {}, format="json", headers=match).status_code == 400
    body = {"mask": box(picture, 0, 0, 3, 3), "attributes": {"a": 1}}
    answer = client.put(url(drawn), body, format="json", headers=match)
    assert (answer.status_code, answer.json()["mask"]["area"]) == (200, 9)
    assert client.delete(url(drawn)).status_code == 428
    assert client.delete(url(drawn), headers={"If-Match": '"2"'}).status_code == 204
    assert client.delete(url(drawn), headers={"If-Match": '"3"'}).status_code == 412
    assert client.get(url(drawn)).json()["deleted"] is True
    orchard.refresh_from_db()
    assert differences(orchard) == []


def test_a_script_can_add_an_object_under_its_own_id(picture, ben, as_user):
    client, own = as_user(ben), str(uuid7())
    address = f"/api/v1/images/{picture.id}/annotations"
    answer = client.post(address, {"id": own, "mask": box(picture)}, format="json")
    assert (answer.status_code, answer.json()["id"]) == (201, own)
    again = client.post(address, {"id": own, "mask": box(picture)}, format="json")
    assert (again.status_code, again.json()["record"]["id"]) == (412, own)


@pytest.mark.parametrize(
    "body",
    [
        {"mask": {"size": [40, 60], "counts": [2399]}}, {"label": "apple"}, {"author": "x"},
        {"version": 9}, {"seq": 9}, {"id": "x"}, {"recipe": {"version": 2, "steps": []}},
        {"recipe": {"version": 1, "steps": [{"type": "magic"}]}}, {"attributes": [1]},
        {"order_key": "x" * 121}, {"iscrowd": "yes"}, [], "text",
    ],
)  # fmt: skip
def test_bad_input_is_refused_and_nothing_is_stored(body, drawn, ben, as_user):
    before = Operation.objects.count()
    answer = as_user(ben).patch(url(drawn), body, format="json", headers={"If-Match": '"1"'})
    assert answer.status_code == 400, answer.data
    assert answer.json()["code"]
    assert Operation.objects.count() == before
    assert Annotation.objects.get().version == 1


def test_an_unknown_label_is_missing(drawn, ben, eve, as_user):
    hers = eve.memberships.get().project.labels.get()
    for label in (str(uuid7()), str(hers.id)):
        answer = as_user(ben).patch(
            url(drawn), {"label": label}, format="json", headers={"If-Match": '"1"'}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_label")


def test_what_is_foreign_is_missing_and_viewers_only_look(picture, drawn, dan, eve, as_user):
    match = {"If-Match": '"1"'}
    addresses = [
        url(drawn), url(drawn, "/history"), url(drawn, "/mask.png"),
        f"/api/v1/images/{picture.id}/annotations", f"/api/v1/images/{picture.id}/comments",
    ]  # fmt: skip
    for address in addresses:
        assert as_user(dan).get(address).status_code == 200, address
        foreign = as_user(eve).get(address)
        missing = as_user(eve).get(address.replace(str(drawn), str(uuid7())))
        assert foreign.status_code == 404, address
        if str(drawn) in address:
            assert foreign.json() == missing.json()
    for who, status in ((dan, 403), (eve, 404)):
        client = as_user(who)
        patch = client.patch(url(drawn), {"iscrowd": True}, format="json", headers=match)
        put = client.put(url(drawn), {"mask": box(picture)}, format="json", headers=match)
        made = client.post(
            f"/api/v1/images/{picture.id}/annotations", {"mask": box(picture)}, format="json"
        )
        gone = client.delete(url(drawn), headers=match)
        assert {patch.status_code, put.status_code, made.status_code, gone.status_code} == {status}
    assert Annotation.objects.get().version == 1


def test_the_history_names_who_did_what(orchard, drawn, ben, cleo, as_user):
    sent(as_user(cleo), orchard, operation("annotation.update", drawn, 1, iscrowd=True))
    rows = as_user(ben).get(url(drawn, "/history")).json()["results"]
    assert [row["kind"] for row in rows] == ["annotation.create", "annotation.update"]
    assert [row["actor"]["name"] for row in rows] == ["Ben", "Cleo"]
    assert rows[1]["payload"] == {"iscrowd": True}
    assert (rows[0]["clicks"], rows[0]["active_ms"], rows[0]["tool"]) == (2, 1200, "prompt")


def test_the_mask_comes_as_a_picture_of_the_image_size(drawn, dan, as_user):
    answer = as_user(dan).get(url(drawn, "/mask.png"))
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    pixels = np.asarray(Picture.open(BytesIO(answer.content)))
    assert (pixels.dtype, pixels.shape, int(pixels.sum())) == (np.bool_, (40, 60), 80)
    row = Annotation.objects.get(id=drawn)
    assert rle.encode(pixels) == row.mask.counts
