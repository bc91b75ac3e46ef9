"""Click to painted mask in Chromium with the shipped bundle, against a decoder of SAM's size.

In one page, in turn: a real pointer click in the editor (pointerdown to the frame after the mask
is painted), and one run of the SAM-sized official-style graph by the same runtime, one thread.
Also the time from the image being shown to the first ghost, of an image whose embedding is ready.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Route, sync_playwright

from tests.bench.sam_decoder import export
from tests.bench.statistics import paired_ratio, spread
from tests.e2e.editor import Editor
from tests.e2e.installation import CHROMIUM_FLAGS, ROOT, Installation, Script, chromium_path

RUNTIME = ROOT / "frontend" / "node_modules" / "onnxruntime-web" / "dist"
PHOTOGRAPH = ROOT / "tests" / "e2e" / "data" / "dates.jpg"
TYPES = {
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}
ROUNDS = 25
POINTS = [(575, 265), (322, 112), (268, 228), (340, 370), (170, 345)]

LOAD = """async () => {
  const ort = await import('/bench/ort.wasm.min.mjs')
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmPaths = '/bench/'
  const session = await ort.InferenceSession.create('/bench/sam.onnx')
  const tensor = (data, dims) => new ort.Tensor('float32', Float32Array.from(data), dims)
  const noise = Float32Array.from({length: 256 * 64 * 64}, (_, i) => Math.sin(i * 12.9898))
  const feeds = {
    image_embeddings: new ort.Tensor('float32', noise, [1, 256, 64, 64]),
    point_coords: tensor([500, 300, 0, 0], [1, 2, 2]),
    point_labels: tensor([1, -1], [1, 2]),
    mask_input: new ort.Tensor('float32', new Float32Array(256 * 256), [1, 1, 256, 256]),
    has_mask_input: tensor([0], [1]),
    orig_im_size: tensor([600, 800], [2]),
  }
  window.samSized = async () => {
    const start = performance.now()
    const out = await session.run(feeds)
    for (const name in out) out[name].dispose?.()
    return performance.now() - start
  }
  await window.samSized()
}"""


def serve_runtime(page: Page, model: Path) -> None:
    """Let the page load the runtime and the yardstick from its own origin."""

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1].split("?")[0]
        path = model if name == "sam.onnx" else RUNTIME / name
        route.fulfill(body=path.read_bytes(), content_type=TYPES[path.suffix])

    page.route("**/bench/*", answer)


def open_image(page: Page, running: Installation, script: Script, folder: Path) -> Editor:
    """A fresh project with three photographs, the first one open in the editor."""
    project = script.post("/api/v1/projects", {"name": "Bench", "labels": [{"name": "date"}]})["id"]
    photographs = [PHOTOGRAPH]
    for number, box in enumerate([(0, 0, 790, 600), (10, 0, 800, 600)]):
        photographs.append(folder / f"crop-{number}.jpg")
        Image.open(PHOTOGRAPH).crop(box).save(photographs[-1], quality=90)
    images = [row["image"]["id"] for row in script.upload(project, *photographs)]
    for image in images:
        path = f"/api/v1/images/{image}/embedding"
        running.wait_for(lambda: script.get(path)["state"] == "ready", 60, "the embedding")  # noqa: B023
    page.goto(running.sign_in_link)
    page.goto(f"{running.url}/projects/{project}/images/{images[0]}")
    editor = Editor(page)
    editor.wait_until_ready()
    return editor


def clicks(editor: Editor, page: Page) -> tuple[list[float], list[float], list[float]]:
    """Interleaved: click to painted, the decoder's share of it, and the yardstick; ms each."""
    painted, decoded, yardstick = [], [], []
    for turn in range(ROUNDS + 3):
        editor.click(*POINTS[turn % len(POINTS)])
        paint = float(editor.hook("decoder.lastPaintMs"))
        decode = float(editor.hook("decoder.lastMs"))
        page.keyboard.press("Escape")
        sam = float(page.evaluate("window.samSized()"))
        if turn >= 3:  # the first ones warm the caches
            painted.append(paint)
            decoded.append(decode)
            yardstick.append(sam)
    return painted, decoded, yardstick


def first_ghosts(editor: Editor, page: Page) -> list[float]:
    """Image shown -> first ghost, ms, going to the next or previous image by its key."""
    waits = []
    for turn in range(12):
        before = page.url
        page.keyboard.press("d" if turn % 4 < 2 else "s")
        page.wait_for_url(lambda url: url != before)  # noqa: B023
        editor.wait_until_ready()
        px, py = editor.screen(*POINTS[turn % len(POINTS)])
        page.mouse.move(px, py)
        editor.until("window.samweb.editor.firstGhostMs !== null")
        waits.append(float(editor.hook("editor.firstGhostMs")))
    return waits


def measure() -> dict[str, Any]:
    path = chromium_path()
    assert path, "needs Chromium"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        model = export(Path(folder) / "sam.onnx")
        running = Installation(Path(folder) / "data").start()
        try:
            browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            serve_runtime(page, model)
            editor = open_image(page, running, Script(running), Path(folder))
            page.evaluate(LOAD)
            painted, decoded, yardstick = clicks(editor, page)
            ghosts = first_ghosts(editor, page)
        finally:
            running.stop()
    return {
        "click_to_painted_ms": spread(painted),
        "decode_ms": spread(decoded),
        "sam_sized_decode_ms": spread(yardstick),
        "sam_sized_over_click_to_painted": paired_ratio(yardstick, painted),
        "sam_sized_over_decode": paired_ratio(yardstick, decoded),
        "shown_to_first_ghost_ms": spread(ghosts),
    }
