"""The brush on a 12-megapixel image: script for a move, for the end of a stroke, bytes sent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, sync_playwright

from tests.bench.many import HEIGHT, WIDTH, frames_during, photograph, script_ms
from tests.bench.statistics import spread
from tests.e2e.editor import Editor
from tests.e2e.installation import CHROMIUM_FLAGS, PASSWORD, Installation, Script, chromium_path

STROKES = 12
MOVES = 120
TIME_UPS = """() => {
  window.ups = []
  let began = 0
  window.addEventListener('pointerup', () => { began = performance.now() }, { capture: true })
  window.addEventListener('pointerup', () => window.ups.push(performance.now() - began))
}"""


def stroke(page: Page, number: int) -> None:
    """One wave across the picture, with the button held."""
    y = 160 + 45 * number
    page.mouse.move(200, y)
    page.mouse.down()
    for step in range(MOVES):
        page.mouse.move(200 + 7 * step, y + (step * 5) % 40)
    page.mouse.up()


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        running = Installation(Path(folder) / "data").start()
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        try:
            script = Script(running)
            project = script.post(
                "/api/v1/projects", {"name": "Strokes", "labels": [{"name": "cell"}]}
            )["id"]
            file = Path(folder) / "strokes.jpg"
            file.write_bytes(photograph())
            image = script.upload(project, file)[0]["image"]["id"]
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{running.url}/sign-in")
            page.get_by_test_id("sign-in-username").fill("ada")
            page.get_by_test_id("sign-in-password").fill(PASSWORD)
            page.get_by_test_id("sign-in-submit").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            page.goto(f"{running.url}/projects/{project}/images/{image}")
            return figures(Editor(page), script, image)
        finally:
            browser.close()
            running.stop()


def figures(editor: Editor, script: Script, image: str) -> dict[str, Any]:
    page = editor.page
    editor.until("window.samweb?.editor?.shown && window.samweb.editor.loaded", 60)
    page.evaluate(TIME_UPS)
    sent: list[int] = []

    def count(request: Request) -> None:
        if request.url.endswith("/operations"):
            sent.append(len(request.post_data or ""))

    page.on("request", count)
    page.keyboard.press("b")
    moves, frames = [], []
    for number in range(STROKES):
        frames += frames_during(
            editor, lambda n=number: moves.append(script_ms(page, lambda: stroke(page, n)) / MOVES)
        )
    ups = [float(ms) for ms in page.evaluate("() => window.ups")]
    sent.clear()
    page.keyboard.down("Alt")
    page.mouse.click(500, 200)
    page.keyboard.up("Alt")
    editor.expect_saved()
    page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
    (row,) = script.get(f"/api/v1/images/{image}/annotations")["results"]
    return {
        "megapixels": WIDTH * HEIGHT / 1e6,
        "script_ms_a_move": spread(moves),
        "frame_ms": spread(frames),
        "end_of_stroke_ms": spread(ups),
        "mask_bytes": len(row["mask"]["counts"]),
        "recipe_bytes": len(str(row["recipe"])),
        "bytes_sent_for_one_dab": sent,
    }
