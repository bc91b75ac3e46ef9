"""Machine time of taking proposals: click, Space, click, Space on those of the demo's photographs.

Real editor, real pointer, headless Chromium. Counted is what a person waits for the machine: from
the release of the button or of the key to the task after the frame in which the object is painted.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from samweb.embeddings import proposal_format
from samweb.masks import rle
from tests.bench.statistics import spread
from tests.e2e.editor import Editor
from tests.e2e.installation import CHROMIUM_FLAGS, Installation, Script, chromium_path

WANTED = 60
WATCH = """() => {
  window.taken = []
  const count = () => Object.keys(window.samweb.editor?.objects ?? {}).length
  const watch = () => {
    const began = performance.now(), before = count()
    const look = () => {
      if (count() > before) return setTimeout(() => taken.push(performance.now() - began), 0)
      if (performance.now() - began < 2000) requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }
  addEventListener("pointerup", watch, true)
  addEventListener("keyup", (event) => { if (event.key === " ") watch() }, true)
}"""


def measure() -> dict[str, Any]:
    path = chromium_path()
    if path is None:
        return {"skipped": "no Chromium"}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        running = Installation(Path(folder)).start()
        try:
            browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(running.sign_in_link)
            return _taken(page, running, Script(running))
        finally:
            running.stop()


def _taken(page: Page, running: Installation, script: Script) -> dict[str, Any]:
    project = next(
        each for each in script.get("/api/v1/projects")["results"] if each["name"] == "Demo"
    )
    run = script.post(f"/api/v1/projects/{project['id']}/proposals")["id"]
    running.wait_for(
        lambda: script.get(f"/api/v1/runs/{run}")["state"] == "done", 300, "the proposals"
    )
    images = script.get(f"/api/v1/projects/{project['id']}/images")["results"]
    milliseconds: list[float] = []
    shown, offered = 0, 0
    for image in images:
        if len(milliseconds) >= WANTED:
            break
        page.goto(f"{running.url}/projects/{project['id']}/images/{image['id']}")
        editor = Editor(page)
        editor.wait_until_ready()
        page.evaluate(WATCH)
        page.keyboard.press("a")
        page.get_by_test_id("proposal-count").wait_for(timeout=30_000)
        page.get_by_role("button", name="All", exact=True).click()
        points = _points(script, image)
        shown, offered = shown + 1, offered + len(points)
        milliseconds += _take(editor, points[: WANTED - len(milliseconds)])
    return {
        "images": shown, "proposals": offered, "taken": len(milliseconds),
        "press_to_painted_ms": spread(milliseconds),
    }  # fmt: skip


def _take(editor: Editor, points: list[tuple[float, float]]) -> list[float]:
    """Click and Space in turn, each on the next proposal that is still offered."""
    page = editor.page
    for number, point in enumerate(points):
        page.mouse.move(*editor.screen(*point))
        if number % 2 == 0:
            page.mouse.down()
            page.mouse.up()
        else:
            page.keyboard.press("Space")
        page.evaluate("() => new Promise((next) => setTimeout(next, 120))")
    return [float(each) for each in page.evaluate("window.taken")]


def _points(script: Script, image: dict[str, Any]) -> list[tuple[float, float]]:
    """For each proposal that can be seen a pixel where it lies on top, in image space."""
    record = script.get(f"/api/v1/images/{image['id']}/proposals")
    content = json.dumps(script.get(record["url"])).encode()
    found = proposal_format.from_bytes(content)
    top = np.full(found.size, -1)
    for index in sorted(range(len(found.masks)), key=lambda i: -found.masks[i].area):
        top[rle.decode(found.masks[index].counts, *found.size)] = index
    points = []
    for index in range(len(found.masks)):
        at = np.argwhere(top == index)
        if len(at):
            y, x = at[len(at) // 2]
            points.append((float(x) + 0.5, float(y) + 0.5))
    return points
