"""Everything the model sees, taken by hand: A, hover, click, drag, filter, undo, reload."""

from __future__ import annotations

import json

import numpy as np
from playwright.sync_api import Locator, expect

from samweb.embeddings import proposal_format
from samweb.embeddings.proposal_format import Proposal
from samweb.masks import rle
from tests.e2e.desk import Desk, mask_of
from tests.e2e.installation import Script


def shown(desk: Desk, seconds: float = 90) -> int:
    """How many proposals are on screen, once they are there."""
    count = counter(desk)
    expect(count).to_be_visible(timeout=seconds * 1000)
    return int(count.get_attribute("data-shown") or 0)


def counter(desk: Desk) -> Locator:
    return desk.page.get_by_test_id("proposal-count")


def proposed(script: Script, image: str) -> list[Proposal]:
    record = script.get(f"/api/v1/images/{image}/proposals")
    assert record["state"] == "ready"
    content = json.dumps(script.get(record["url"])).encode()
    return list(proposal_format.from_bytes(content).masks)


def on_top(masks: list[Proposal], size: tuple[int, int]) -> np.ndarray:
    """Per pixel the index of the smallest proposal on it, or -1."""
    top = np.full(size, -1)
    for index in sorted(range(len(masks)), key=lambda i: -masks[i].area):
        top[rle.decode(masks[index].counts, *size)] = index
    return top


def middle_of(mask: np.ndarray) -> tuple[float, float]:
    """A point in a mask, well inside where it can be: (x, y) in image space."""
    inner = mask
    while True:
        smaller = inner[1:-1, 1:-1] & inner[:-2, 1:-1] & inner[2:, 1:-1]
        smaller = smaller & inner[1:-1, :-2] & inner[1:-1, 2:]
        padded = np.pad(smaller, 1)
        if not padded.any():
            break
        inner = padded
    y, x = np.argwhere(inner)[0]
    return x + 0.5, y + 0.5


def sources(script: Script, annotation: str) -> list[str]:
    history = script.get(f"/api/v1/annotations/{annotation}/history")["results"]
    return [entry["source"] for entry in history]


def test_what_the_model_sees_is_taken_by_hand_and_stays(desk: Desk, script: Script) -> None:
    desk.press("a")
    expect(desk.page.get_by_test_id("proposal-panel")).to_be_visible()
    likely = shown(desk)
    masks = proposed(script, desk.harvest.image)
    everything = desk.page.get_by_role("button", name="All", exact=True)
    assert 0 < likely < len(masks)  # at first what the model is fairly sure of
    everything.click()
    total = shown(desk)
    assert total == len(masks) > 5
    image = script.get(f"/api/v1/images/{desk.harvest.image}")
    size = (image["height"], image["width"])
    top = on_top(masks, size)
    # Those with the most to be seen can be hit for sure.
    visible = np.bincount(top[top >= 0], minlength=len(masks))
    first, second, third = np.argsort(-visible)[:3]

    x, y = middle_of(top == first)
    desk.editor.page.mouse.move(*desk.editor.screen(x, y))
    desk.click(x, y)
    desk.expect_objects(1)
    (taken,) = desk.saved()
    assert taken["mask"]["counts"] == masks[first].counts
    assert (mask_of(taken)).sum() == masks[first].area
    (step,) = taken["recipe"]["steps"]
    (click,) = step["prompts"]["points"]
    assert (step["type"], step["candidate"]) == ("decode", masks[first].candidate)
    assert (click["x"], click["y"]) == masks[first].point and taken["label"] is not None
    assert sources(script, taken["id"]) == ["proposal"]
    assert shown(desk) < total

    desk.page.mouse.move(*desk.editor.screen(*middle_of(top == second)))
    desk.press("Space")
    desk.expect_objects(2)

    # From one to the other: all on the way, in one step that one undo takes back.
    before = shown(desk)
    desk.drag(middle_of(top == third), middle_of(top == second), middle_of(top == first))
    desk.editor.until("Object.keys(window.samweb.editor.objects).length > 2")
    dragged = len(desk.editor.hook("editor.objects"))
    desk.press("z")
    desk.expect_objects(2)
    assert shown(desk) == before
    desk.press("Shift+z")
    desk.expect_objects(dragged)
    assert all("proposal" in sources(script, one["id"]) for one in desk.saved())

    confidence = desk.page.get_by_label("Confidence")
    confidence.fill("0.99")
    assert shown(desk) <= before
    everything.click()
    desk.press("Escape")
    expect(desk.page.get_by_test_id("proposal-panel")).to_have_count(0)

    desk.page.reload()
    desk.editor.wait_until_ready()
    desk.expect_objects(dragged)
    desk.press("a")
    assert shown(desk, 10) < total
