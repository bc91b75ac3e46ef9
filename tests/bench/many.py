"""5,000 masks on one 12-megapixel image: opening, panning, zooming, selecting, hiding."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from samweb.core.ids import uuid7
from samweb.masks import rle
from tests.bench.statistics import spread
from tests.e2e.editor import Editor
from tests.e2e.installation import CHROMIUM_FLAGS, PASSWORD, Installation, Script, chromium_path

OBJECTS = 5_000
WIDTH, HEIGHT = 4_000, 3_000
ACROSS = 84  # one object a cell of the grid
ROUNDS = 15


def photograph() -> bytes:
    """Noise with structure, as a JPEG of about the size a camera makes."""
    random = np.random.default_rng(7)
    small = random.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


def blob(random: np.random.Generator, cell: int) -> dict[str, Any]:
    """A wobbling disc in a cell of the grid: outlines as a hand or a model makes them."""
    pitch = WIDTH // ACROSS
    x0, y0 = (cell % ACROSS) * pitch, (cell // ACROSS) * pitch
    y, x = np.mgrid[0:pitch, 0:pitch] - pitch / 2
    angle = np.arctan2(y, x)
    radius = pitch * 0.36 * (1 + 0.25 * np.sin(random.integers(3, 9) * angle + random.random() * 6))
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    bottom, right = min(HEIGHT, y0 + pitch), min(WIDTH, x0 + pitch)
    mask[y0:bottom, x0:right] = (np.hypot(x, y) < radius)[: bottom - y0, : right - x0]
    return {"size": [HEIGHT, WIDTH], "counts": rle.encode(mask)}


def plant(script: Script, folder: Path) -> tuple[str, str]:
    """The project and its image with all objects; their ids."""
    labels = [{"name": name} for name in ("cell", "nucleus", "debris")]
    project = script.post("/api/v1/projects", {"name": "Many", "labels": labels})["id"]
    ids = [row["id"] for row in script.get(f"/api/v1/projects/{project}/labels")["results"]]
    file = folder / "many.jpg"
    file.write_bytes(photograph())
    image = script.upload(project, file)[0]["image"]["id"]
    random = np.random.default_rng(11)
    for start in range(0, OBJECTS, 100):
        operations = [
            {"id": str(uuid7()), "kind": "annotation.create", "target": str(uuid7()),
             "base_version": 0,
             "payload": {"image": image, "label": ids[n % 3], "mask": blob(random, n)}}
            for n in range(start, start + 100)
        ]  # fmt: skip
        script.post(f"/api/v1/projects/{project}/operations", {"operations": operations})
    return project, image


def frames_during(editor: Editor, do: Any) -> list[float]:
    """Milliseconds of our script in every frame painted while `do` runs."""
    before = editor.hook("editor.frames.length")
    do()
    editor.page.evaluate("() => new Promise((done) => setTimeout(done, 400))")
    return list(editor.page.evaluate(f"() => window.samweb.editor.frames.slice({before})"))


def script_ms(page: Page, do: Any) -> float:
    """All JavaScript of the page while `do` runs, by the browser's own clock."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def taken() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "ScriptDuration"))

    before = taken()
    do()
    return (taken() - before) * 1000


def pan(page: Page) -> None:
    page.mouse.move(700, 450)
    page.mouse.down(button="middle")
    for step in range(60):
        page.mouse.move(700 - 4 * step, 450 - 2 * step)
    page.mouse.up(button="middle")


def zoom(page: Page) -> None:
    page.mouse.move(700, 450)
    for delta in [-40] * 30 + [40] * 30:
        page.mouse.wheel(0, delta)


def press_to_paint(editor: Editor, key: str) -> float:
    """From the key going down to the frame after the change, milliseconds."""
    editor.page.evaluate(
        """() => {
          window.keyAt = 0
          window.addEventListener('keydown', (event) => { window.keyAt = event.timeStamp },
                                  { once: true, capture: true })
        }"""
    )
    editor.page.keyboard.press(key)
    took = editor.page.evaluate(
        """() => new Promise((done) => requestAnimationFrame(() => setTimeout(
             () => done(performance.now() - window.keyAt))))"""
    )
    return float(took)


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        running = Installation(Path(folder) / "data").start()
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        try:
            project, image = plant(Script(running), Path(folder))
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{running.url}/sign-in")
            page.get_by_test_id("sign-in-username").fill("ada")
            page.get_by_test_id("sign-in-password").fill(PASSWORD)
            page.get_by_test_id("sign-in-submit").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            return figures(Editor(page), f"{running.url}/projects/{project}/images/{image}")
        finally:
            browser.close()
            running.stop()


def figures(editor: Editor, address: str) -> dict[str, Any]:
    page = editor.page
    opens = []
    for _ in range(3):
        page.goto("about:blank")
        started = time.monotonic()
        page.goto(address)
        editor.until("window.samweb?.editor?.shown && window.samweb.editor.settled", 60)
        opens.append((time.monotonic() - started) * 1000)
    panned = frames_during(editor, lambda: pan(page))
    zoomed = frames_during(editor, lambda: zoom(page))
    all_script = {name: script_ms(page, lambda do=do: do(page)) for name, do in
                  (("pan", pan), ("zoom", zoom))}  # fmt: skip
    page.keyboard.press("j")
    selected = [press_to_paint(editor, "j") for _ in range(ROUNDS)]
    hidden = [press_to_paint(editor, "Shift+H") for _ in range(ROUNDS)]
    return {
        "objects": OBJECTS,
        "megapixels": WIDTH * HEIGHT / 1e6,
        "open_ms": spread(opens),
        "pan_frame_ms": spread(panned),
        "zoom_frame_ms": spread(zoomed),
        "script_ms_of_60_moves": {name: round(ms, 1) for name, ms in all_script.items()},
        "select_ms": spread(selected),
        "hide_ms": spread(hidden),
    }
