"""Talking about the work: comments, skipping with a reason, conflicts as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.installation import Installation, Script
from tests.e2e.test_objects import Garden, rows


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def test_a_comment_is_made_on_a_place_or_an_object_and_settled(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Comments")
    (date,) = garden.plant("date", (100, 100, 40, 40))
    comments = f"/api/v1/images/{garden.image['id']}/comments"
    editor = garden.open(installation, page)
    page.keyboard.press("v")
    page.mouse.move(*editor.screen(300, 200))
    page.keyboard.press("n")
    page.get_by_label("New comment").fill("Is this a stone?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_label("Comment 1. Admin: Is this a stone?")).to_be_visible()
    page.keyboard.press("Escape")
    rows(page).first.click()
    page.keyboard.press("n")
    page.get_by_label("New comment").fill("Too large.")
    page.get_by_role("button", name="Send", exact=True).click()
    editor.expect_saved()
    installation.wait_for(lambda: len(script.get(comments)["results"]) == 2, 20, "both comments")
    place, about = sorted(script.get(comments)["results"], key=lambda one: one["text"])
    assert abs(place["x"] - 300) < 2 and abs(place["y"] - 200) < 2 and not place["annotation"]
    assert about["annotation"] == date

    page.get_by_test_id("comment").first.get_by_role("button", name="Settled").click()
    expect(page.locator(".comment-pin")).to_have_count(0)
    page.reload()
    editor.until("window.samweb.editor?.loaded === true")
    expect(page.get_by_test_id("comments-button")).to_have_attribute("data-count", "1")


def test_an_image_is_skipped_with_a_reason_and_taken_up_again_by_working_on_it(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Skip")
    garden.plant("date", (100, 100, 40, 40))
    editor = garden.open(installation, page)
    page.keyboard.press("Shift+S")
    page.get_by_role("button", name="Cannot be seen well enough").click()
    installation.wait_for(lambda: garden.state == "skipped", 20, "the image to be put aside")
    expect(page.get_by_text("Skipped:")).to_be_visible()
    row = script.get(f"/api/v1/jobs/{garden.job}/images")["results"][0]
    assert row["note"] == "Cannot be seen well enough"
    rows(page).first.click()
    page.keyboard.press("2")
    editor.expect_saved()
    installation.wait_for(lambda: garden.state == "in_work", 20, "the work to go on")


def test_a_conflict_is_shown_with_both_outlines(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Conflict")
    (date,) = garden.plant("date", (100, 100, 40, 40))
    page = context.new_page()
    editor = garden.open(installation, page)
    context.route("**/operations", lambda route: route.abort())
    rows(page).first.click()
    page.keyboard.press("2")
    expect(page.get_by_test_id("sync-state")).to_have_attribute("data-state", "offline")
    url = f"/api/v1/annotations/{date}"
    script.request("PATCH", url, {"label": garden.labels["lemon"]}, **{"If-Match": '"1"'})
    context.unroute("**/operations")
    page.evaluate("() => void window.dispatchEvent(new Event('online'))")
    expect(page.get_by_test_id("sync-state")).to_have_attribute("data-state", "conflict")
    page.get_by_test_id("sync-state").click()
    expect(page.get_by_test_id("both-outlines")).to_contain_text("on the server (by Admin)")
    page.get_by_role("button", name="Keep mine").click()
    editor.expect_saved()
    installation.wait_for(
        lambda: garden.objects[0]["label"] == garden.labels["leaf"], 20, "my label to be kept"
    )


def test_labels_that_a_manager_adds_arrive_in_the_open_editor(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Live")
    garden.open(installation, page)
    script.post(f"/api/v1/projects/{garden.project}/labels", {"name": "quince"})
    expect(page.get_by_test_id("label-quince")).to_be_visible()
