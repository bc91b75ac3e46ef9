"""Objects by the dozen: attributes, search, bulk work, by pointer and keyboard in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from samweb.core.ids import uuid7
from samweb.masks import rle
from tests.e2e.editor import Editor
from tests.e2e.installation import PASSWORD, Installation, Script

RIPENESS = {"name": "ripeness", "type": "choice", "options": ["green", "ripe"], "required": True}
SPOTS = {"name": "spots", "type": "number", "min": 0, "max": 10}


class Garden:
    """A project with one photograph, a job for Ada, and boxes as its objects."""

    def __init__(self, script: Script, photograph: Path, name: str, *attributes: Any) -> None:
        self.script = script
        schema = {"attributes": list(attributes)}
        labels = [{"name": "date", "attribute_schema": schema if attributes else {}},
                  {"name": "leaf"}, {"name": "lemon"}]  # fmt: skip
        self.project = script.post("/api/v1/projects", {"name": name, "labels": labels})["id"]
        rows = script.get(f"/api/v1/projects/{self.project}/labels")["results"]
        self.labels = {row["name"]: row["id"] for row in rows}
        self.image = script.upload(self.project, photograph)[0]["image"]
        me = script.get("/api/v1/session")["user"]["id"]
        job = {"name": "Garden", "assignee": me, "images": [self.image["id"]]}
        self.job = script.post(f"/api/v1/projects/{self.project}/jobs", job)["id"]

    def plant(self, label: str, *boxes: tuple[int, int, int, int]) -> list[str]:
        """One object a box (x, y, width, height); their ids."""
        height, width = self.image["height"], self.image["width"]
        operations = []
        for x, y, w, h in boxes:
            mask = np.zeros((height, width), dtype=bool)
            mask[y : y + h, x : x + w] = True
            payload = {"image": self.image["id"], "label": self.labels[label],
                       "mask": {"size": [height, width], "counts": rle.encode(mask)}}  # fmt: skip
            operations.append(
                {"id": str(uuid7()), "kind": "annotation.create", "target": str(uuid7()),
                 "base_version": 0, "payload": payload}
            )  # fmt: skip
        url = f"/api/v1/projects/{self.project}/operations"
        answer = self.script.post(url, {"device": "test", "operations": operations})
        assert {one["status"] for one in answer["results"]} == {"applied"}, answer
        return [one["target"] for one in operations]

    @property
    def objects(self) -> list[dict[str, Any]]:
        url = f"/api/v1/images/{self.image['id']}/annotations"
        return list(self.script.get(url)["results"])

    @property
    def state(self) -> str:
        row = self.script.get(f"/api/v1/jobs/{self.job}/images")["results"][0]
        return str(row["state"])

    def open(self, installation: Installation, page: Page) -> Editor:
        """Signed in as Ada, in the job, its objects on screen."""
        sign_in(installation, page)
        page.goto(f"{installation.url}/jobs/{self.job}/{self.image['id']}")
        editor = Editor(page)
        editor.until("window.samweb.editor?.loaded === true")
        return editor


def sign_in(installation: Installation, page: Page, username: str = "ada") -> None:
    page.goto(f"{installation.url}/sign-in")
    page.get_by_test_id("sign-in-username").fill(username)
    page.get_by_test_id("sign-in-password").fill(PASSWORD)
    page.get_by_test_id("sign-in-submit").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def rows(page: Page) -> Any:
    return page.get_by_test_id("object-row")


def test_a_manager_asks_about_objects_and_the_answer_is_needed_to_submit(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Asked")
    date, leaf = garden.plant("date", (400, 200, 60, 60)) + garden.plant("leaf", (50, 50, 40, 40))
    sign_in(installation, page)
    page.goto(f"{installation.url}/projects/{garden.project}/settings")
    page.get_by_role("button", name="Attributes of date").click()
    page.get_by_test_id("add-attribute").click()
    page.get_by_label("Name of attribute 1").fill("ripeness")
    page.get_by_label("Choices of ripeness").fill("green, ripe")
    page.get_by_label("required").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Attributes of date")).to_have_text("1")

    page.goto(f"{installation.url}/jobs/{garden.job}/{garden.image['id']}")
    editor = Editor(page)
    editor.until("window.samweb.editor?.loaded === true")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Object 1 (date) lacks ripeness")
    expect(rows(page).first).to_have_attribute("aria-current", "true")
    assert garden.state == "new"

    page.get_by_test_id("attribute-row").get_by_role("combobox").select_option("ripe")
    page.get_by_test_id("submit-image").click()
    installation.wait_for(lambda: garden.state == "submitted", 20, "the submission")
    stored = {one["id"]: one["attributes"] for one in garden.objects}
    assert stored == {date: {"ripeness": "ripe"}, leaf: {}}


def test_a_number_out_of_range_is_refused_in_the_field_and_undo_takes_an_answer_back(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Numbers", SPOTS)
    garden.plant("date", (400, 200, 60, 60))
    editor = garden.open(installation, page)
    rows(page).first.click()
    field = page.get_by_test_id("attribute-row").get_by_role("spinbutton")
    field.fill("12")
    expect(page.get_by_text("It must be 10 or less.")).to_be_visible()
    field.fill("7")
    field.press("Enter")
    editor.expect_saved()
    installation.wait_for(
        lambda: garden.objects[0]["attributes"] == {"spots": 7}, 20, "the answer to be stored"
    )
    page.keyboard.press("z")
    installation.wait_for(
        lambda: garden.objects[0]["attributes"] == {}, 20, "the answer to be taken back"
    )


def chosen(page: Page) -> Any:
    return page.locator('[data-testid="object-row"][aria-current="true"]')


def drag(editor: Editor, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Press, move in steps, release; points in image space."""
    page = editor.page
    page.mouse.move(*editor.screen(*start))
    page.mouse.down()
    page.mouse.move(*editor.screen(*end), steps=5)
    page.mouse.up()


def test_a_slash_searches_the_labels_and_enter_takes_one(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Slash")
    garden.open(installation, page)
    page.keyboard.press("/")
    page.keyboard.type("lem")
    expect(page.get_by_test_id("label-leaf")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("label-lemon")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("v")  # the keys are the picture's again
    expect(page.get_by_role("button", name="Select objects (V)")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_a_rubber_band_takes_many_objects_and_relabelling_them_is_one_undo_step(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Band")
    inside = garden.plant("date", *[(100 + 50 * n, 100, 30, 30) for n in range(6)])
    outside = garden.plant("date", (100, 300, 30, 30))
    editor = garden.open(installation, page)
    page.keyboard.press("v")
    drag(editor, (90, 90), (500, 150))
    expect(chosen(page)).to_have_count(6)
    expect(page.get_by_test_id("chosen-count")).to_contain_text("6 objects")
    page.keyboard.press("2")
    editor.expect_saved()

    def labels() -> dict[str, set[str]]:
        found = {one["id"]: one["label"] for one in garden.objects}
        return {"in": {found[id] for id in inside}, "out": {found[id] for id in outside}}

    leaf, date = garden.labels["leaf"], garden.labels["date"]
    installation.wait_for(lambda: labels() == {"in": {leaf}, "out": {date}}, 20, "six leaves")
    page.keyboard.press("z")
    installation.wait_for(lambda: labels() == {"in": {date}, "out": {date}}, 20, "all dates")


def test_search_and_select_all_take_only_what_the_list_shows_and_locked_objects_stay(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Search")
    garden.plant("date", *[(100 + 50 * n, 100, 30, 30) for n in range(3)])
    leaves = garden.plant("leaf", *[(100 + 50 * n, 200, 30, 30) for n in range(3)])
    editor = garden.open(installation, page)
    page.get_by_label("Search the objects").fill("leaf")
    expect(page.get_by_test_id("object-count")).to_have_text("3 of 6")
    page.keyboard.press("Enter")
    rows(page).first.click()
    page.keyboard.press("l")
    page.keyboard.press("Control+a")
    expect(chosen(page)).to_have_count(3)
    page.keyboard.press("x")
    expect(page.get_by_role("status")).to_contain_text("1 object is locked")
    editor.expect_saved()
    installation.wait_for(lambda: len(garden.objects) == 4, 20, "two leaves to go")
    kept = [one["id"] for one in garden.objects if one["label"] == garden.labels["leaf"]]
    assert kept == sorted(leaves)[:1]
    page.keyboard.press("z")
    installation.wait_for(lambda: len(garden.objects) == 6, 20, "the leaves to come back")


def test_shift_and_ctrl_choose_in_the_list_and_the_chosen_are_hidden_together(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Hide")
    garden.plant("date", *[(100 + 50 * n, 100, 30, 30) for n in range(6)])
    garden.open(installation, page)
    rows(page).nth(1).click()
    rows(page).nth(4).click(modifiers=["Shift"])
    expect(chosen(page)).to_have_count(4)
    rows(page).nth(2).click(modifiers=["Control"])
    expect(chosen(page)).to_have_count(3)
    page.keyboard.press("Shift+H")
    page.get_by_label("Filter the objects").click()
    page.get_by_label("Visibility of the objects shown").select_option("hidden")
    expect(rows(page)).to_have_count(3)
