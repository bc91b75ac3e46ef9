"""Prompting under a real pointer: every way to say what is meant, and to change one's mind."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.e2e.desk import Desk, mask_of
from tests.e2e.installation import Script

DATE = (575, 265)


def prompts_of(annotation: dict[str, Any]) -> dict[str, Any]:
    steps = [step for step in annotation["recipe"]["steps"] if step["type"] == "decode"]
    return dict(steps[-1]["prompts"])


def taken(desk: Desk, objects: int = 1) -> list[dict[str, Any]]:
    """Accepts the open prompt once it has its mask; the objects the server then has."""
    desk.editor.until("window.samweb.editor.answered")
    desk.press("Enter")
    expect(desk.page.get_by_test_id("accept-object")).to_have_count(0)
    desk.expect_objects(objects)
    return desk.saved()


def test_a_scribble_says_what_belongs_to_the_object(desk: Desk) -> None:
    desk.drag((500, 320), DATE, (650, 230), keys=("Shift",))
    (annotation,) = taken(desk)
    (scribble,) = prompts_of(annotation)["scribbles"]
    assert scribble["label"] == 1 and 3 <= len(scribble["points"]) <= 12
    mask = mask_of(annotation)
    assert all(mask[int(y), int(x)] for x, y in scribble["points"])


def test_boxes_drawn_one_after_the_other_become_objects_by_themselves(desk: Desk) -> None:
    desk.drag((450, 190), (690, 370), keys=("Control",))
    desk.drag((190, 160), (270, 230), keys=("Control",))
    desk.drag((230, 25), (330, 165), keys=("Control",))
    desk.expect_objects(3)
    found = desk.saved()
    assert [len(prompts_of(one)["boxes"]) for one in found] == [1, 1, 1]
    for annotation, (x, y) in zip(found, (DATE, (230, 195), (280, 95)), strict=True):
        assert mask_of(annotation)[y, x]


def test_points_are_dragged_and_removed_also_in_a_mask_opened_again(desk: Desk) -> None:
    desk.editor.hover(*DATE)
    desk.editor.click(*DATE)
    desk.editor.click(490, 310)
    (before,) = taken(desk)
    desk.press("v")
    px, py = desk.editor.screen(*DATE)
    desk.page.mouse.dblclick(px, py)
    desk.editor.until("window.samweb.editor.answered")
    desk.drag((490, 310), (520, 300))
    desk.editor.until("window.samweb.editor.answered")
    (moved,) = taken(desk)
    where = [(round(p["x"]), round(p["y"])) for p in prompts_of(moved)["points"]]
    assert where == [DATE, (520, 300)]
    assert moved["version"] == before["version"] + 1

    desk.press("o")
    desk.editor.until("window.samweb.editor.answered")
    px, py = desk.editor.screen(520, 300)
    desk.page.mouse.click(px, py, button="right")
    (rest,) = taken(desk)
    assert [round(p["x"]) for p in prompts_of(rest)["points"]] == [DATE[0]]


def test_label_candidate_and_threshold_are_chosen_in_mid_prompt(desk: Desk, script: Script) -> None:
    operations = [
        {
            "id": f"01920000-0000-7000-8000-{n:012x}", "kind": "label.create", "base_version": 0,
            "target": f"01920000-0000-7000-8000-1{n:011x}", "payload": {"name": "stone"},
        }
        for n in [int(desk.harvest.project[-6:], 16)]
    ]  # fmt: skip
    address = f"/api/v1/projects/{desk.harvest.project}/operations"
    answer = script.post(address, {"device": "test", "operations": operations})
    assert answer["results"][0]["status"] == "applied"
    desk.page.reload()
    desk.editor.wait_until_ready()
    desk.editor.hover(*DATE)
    desk.editor.click(*DATE)
    desk.press("2")
    desk.press("Tab")
    for _ in range(4):
        desk.press("]")
    (tight,) = taken(desk)
    assert tight["label"] == operations[0]["target"]
    step = tight["recipe"]["steps"][-1]
    assert step["threshold"] == 1.0

    desk.press("o")
    desk.editor.until("window.samweb.editor.answered")
    for _ in range(8):
        desk.press("[")
    (wide,) = taken(desk)
    assert wide["recipe"]["steps"][-1]["threshold"] == -1.0
    assert wide["recipe"]["steps"][-1]["candidate"] == step["candidate"]
    assert mask_of(wide).sum() > mask_of(tight).sum()


def test_a_corner_of_the_box_is_dragged(desk: Desk) -> None:
    desk.drag((450, 190), (600, 300))
    desk.editor.until("window.samweb.editor.answered")
    desk.drag((600, 300), (690, 370))
    desk.editor.until("window.samweb.editor.answered")
    (annotation,) = taken(desk)
    (box,) = prompts_of(annotation)["boxes"]
    assert [round(value) for value in box] == [450, 190, 690, 370]
