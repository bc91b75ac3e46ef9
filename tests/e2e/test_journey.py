"""The main job, end to end: clone -> labelled -> reviewed -> COCO, by hand and in a browser."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pycocotools.coco import COCO

from tests.e2e.editor import Editor
from tests.e2e.installation import PASSWORD, Installation, Script


class Harvest:
    """A project with one test-split photograph, handed to Ben and reviewed by Cleo."""

    def __init__(self, script: Script, photograph: Path, name: str) -> None:
        labels = [{"name": "date"}]
        self.script = script
        self.project = script.post("/api/v1/projects", {"name": name, "labels": labels})["id"]
        for username, role in (("ben", "annotator"), ("cleo", "reviewer")):
            username = f"{username}-{name.lower()}"
            script.post("/api/v1/users", {"username": username, "password": PASSWORD})
            member = {"username": username, "role": role}
            person = script.post(f"/api/v1/projects/{self.project}/memberships", member)
            setattr(self, role, person["user"])
        self.annotator_name, self.reviewer_name = f"ben-{name.lower()}", f"cleo-{name.lower()}"
        self.image = script.upload(self.project, photograph)[0]["image"]["id"]
        job = {
            "name": "First harvest",
            "assignee": self.annotator["id"],
            "reviewer": self.reviewer["id"],
            "images": [self.image],
        }
        self.job = script.post(f"/api/v1/projects/{self.project}/jobs", job)["id"]

    annotator: dict[str, Any]
    reviewer: dict[str, Any]

    @property
    def job_image(self) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.script.get(f"/api/v1/jobs/{self.job}/images")["results"]
        return rows[0]

    @property
    def annotations(self) -> list[dict[str, Any]]:
        path = f"/api/v1/images/{self.image}/annotations"
        return list(self.script.get(path)["results"])


def sign_in(page: Page, installation: Installation, username: str) -> None:
    page.goto(f"{installation.url}/sign-in")
    page.get_by_test_id("sign-in-username").fill(username)
    page.get_by_test_id("sign-in-password").fill(PASSWORD)
    page.get_by_test_id("sign-in-submit").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def human_mask(photograph: Path) -> np.ndarray:
    coco = COCO(str(photograph.with_suffix(".json")))
    return np.asarray(coco.annToMask(coco.loadAnns([1])[0]), dtype=bool)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_printed_link_signs_in_once_and_lands_on_a_photo_of_the_demo_project(
    installation: Installation, context: BrowserContext, chromium: Any
) -> None:
    page = context.new_page()
    page.goto(installation.sign_in_link)
    expect(page.get_by_text("Demo").first).to_be_visible()
    expect(page.get_by_test_id("editor-canvas")).to_be_visible()
    stranger = chromium.new_context().new_page()
    stranger.goto(installation.sign_in_link)
    expect(stranger.get_by_test_id("sign-in-username")).to_be_visible()


def test_a_date_is_labelled_reviewed_and_exported_as_coco(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path,
    chromium: Any, tmp_path: Path,
) -> None:  # fmt: skip
    harvest = Harvest(script, photograph, "Harvest")
    page = context.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    sign_in(page, installation, harvest.annotator_name)
    page.goto(f"{installation.url}/jobs/{harvest.job}/{harvest.image}")
    editor = Editor(page)
    editor.wait_until_ready()

    editor.hover(575, 265)
    sent.clear()
    for x, y in [(575, 265), (490, 310), (660, 220)]:
        editor.click(x, y)
    assert not [line for line in sent if line.startswith("POST")], "a click went to the server"
    assert editor.hook("decoder.where") == "worker"
    editor.accept()
    editor.expect_saved()
    page.get_by_test_id("submit-image").click()
    installation.wait_for(lambda: harvest.job_image["state"] == "submitted", 20, "the submission")

    review = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(review, installation, harvest.reviewer_name)
    review.goto(f"{installation.url}/review/{harvest.job_image['id']}")
    review.get_by_test_id("object-row").first.click()
    review.get_by_test_id("review-accept-object").click()
    review.get_by_test_id("review-accept-image").click()
    installation.wait_for(lambda: harvest.job_image["state"] == "accepted", 20, "the verdict")

    owner = chromium.new_context(accept_downloads=True).new_page()
    sign_in(owner, installation, "ada")
    owner.goto(f"{installation.url}/projects/{harvest.project}/exports")
    owner.get_by_test_id("export-start").click()
    with owner.expect_download(timeout=60_000) as download:
        owner.get_by_test_id("export-download").first.click()
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    (tmp_path / "instances.json").write_bytes(archive.read("instances.json"))

    coco = COCO(str(tmp_path / "instances.json"))
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["date"]
    exported = coco.loadAnns(coco.getAnnIds())
    assert len(exported) == 1
    mask = np.asarray(coco.annToMask(exported[0]), dtype=bool)
    assert iou(mask, human_mask(photograph)) >= 0.7


def test_work_done_without_a_network_is_there_once_after_a_reload(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path
) -> None:
    harvest = Harvest(script, photograph, "Outage")
    page = context.new_page()
    sign_in(page, installation, harvest.annotator_name)
    page.goto(f"{installation.url}/jobs/{harvest.job}/{harvest.image}")
    editor = Editor(page)
    editor.wait_until_ready()

    context.route("**/api/**", lambda route: route.abort())
    for x, y in [(575, 265), (322, 115)]:
        editor.click(x, y)
        editor.accept()
    expect(page.get_by_test_id("sync-state")).to_have_attribute("data-state", "offline")
    page.reload()
    context.unroute("**/api/**")
    page.reload()
    editor.wait_until_ready()
    expect(page.get_by_test_id("object-row")).to_have_count(2)
    editor.expect_saved()
    assert len(harvest.annotations) == 2


def test_an_answer_lost_after_the_commit_does_not_double_the_object(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path
) -> None:
    harvest = Harvest(script, photograph, "Echo")
    page = context.new_page()
    sign_in(page, installation, harvest.annotator_name)
    page.goto(f"{installation.url}/jobs/{harvest.job}/{harvest.image}")
    editor = Editor(page)
    editor.wait_until_ready()
    lost: list[str] = []

    def lose_first_answer(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(json.dumps(route.fetch().json()))  # the server has committed
        route.abort()

    context.route("**/operations", lose_first_answer)
    editor.click(575, 265)
    with page.expect_request("**/operations"):
        editor.accept()
    with page.expect_response("**/operations"):  # the retry's
        pass
    editor.expect_saved()
    assert '"applied"' in lost[0]
    assert len(harvest.annotations) == 1


@pytest.mark.parametrize("size", [(1440, 900), (1024, 700)])
def test_nothing_of_the_editor_lies_outside_the_window(
    installation: Installation, script: Script, context: BrowserContext, photograph: Path,
    size: tuple[int, int],
) -> None:  # fmt: skip
    harvest = Harvest(script, photograph, f"Window{size[0]}")
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    sign_in(page, installation, harvest.annotator_name)
    page.goto(f"{installation.url}/jobs/{harvest.job}/{harvest.image}")
    Editor(page).wait_until_ready()
    width, height = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert width <= size[0] and height <= size[1]
    for name in ("editor-canvas", "sync-state", "submit-image", "label-date"):
        box = page.get_by_test_id(name).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0], name
        assert box["y"] >= 0 and box["y"] + box["height"] <= size[1], name
