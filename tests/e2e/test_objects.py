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


def sign_in(installation: Installation, page: Page) -> None:
    page.goto(f"{installation.url}/sign-in")
    page.get_by_test_id("sign-in-username").fill("ada")
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
