"""A click on a SAM-sized decoder in Chromium: our two halves against the official-style graph
as SAM's export script would write it.

Random weights, one thread, both in one browser and in turn:
- *decode*: one click on a 1024 x 683 image, the graphs alone;
- *painted*: from the press in the editor to the frame with the mask, on a 12-megapixel photograph,
  against the official-style graph with its full-size output, which nobody has painted yet;
- *ready*: from a fresh worker to the first answer, files in the cache.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.bench.decoder import PHOTOGRAPH, RUNTIME, TYPES
from tests.bench.statistics import paired_ratio, spread
from tests.e2e.editor import Editor
from tests.e2e.installation import CHROMIUM_FLAGS, Installation, Script, chromium_path
from workers.sam.export.bundle import About, Choices, export_bundle, official_graph
from workers.sam.export.graphs import trace
from workers.sam.families import build

ROUNDS = 21
STARTS = 5
SHALLOW = {"dim": 32, "depth": 2, "heads": 2, "global_blocks": (1,)}  # the encoder is not timed
SIZE_12MP = (4000, 3000)
POINTS = [(575, 265), (322, 112), (268, 228), (340, 370), (170, 345)]  # of 800 x 600

# What the page and a fresh worker run. `feeds` gives a graph what it asks for by name.
COMMON = """
import * as ort from '/bench/ort.wasm.min.mjs'
ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = '/bench/'
const tensor = (data, dims) => new ort.Tensor('float32', Float32Array.from(data), dims)
const noise = Float32Array.from({length: 256 * 64 * 64}, (_, i) => Math.sin(i * 12.9898))
const embedding = new ort.Tensor('float32', noise, [1, 256, 64, 64])
const official = (height, width) => ({
  image_embeddings: embedding,
  point_coords: tensor([500, 300, 0, 0], [1, 2, 2]),
  point_labels: tensor([1, -1], [1, 2]),
  mask_input: new ort.Tensor('float32', new Float32Array(256 * 256), [1, 1, 256, 256]),
  has_mask_input: tensor([0], [1]),
  orig_im_size: tensor([height, width], [2]),
})
const ours = {
  point_coords: tensor([500, 300], [1, 1, 2]),
  point_labels: tensor([1], [1, 1]),
  prompt_tokens: new ort.Tensor('float32', new Float32Array(0), [1, 0, 256]),
  valid_size: tensor([683, 1024], [2]),
}
const run = async (session, feeds) => {
  const start = performance.now()
  const out = await session.run(feeds)
  for (const name in out) out[name].dispose?.()
  return performance.now() - start
}
const open = (name) => ort.InferenceSession.create(`/bench/${name}.onnx`)
const prepared = async () => (await open('prepare')).run({image_embeddings: embedding})
const asked = (session, all) =>
  Object.fromEntries(session.inputNames.map((name) => [name, all[name]]))
"""

PAGE = (
    COMMON
    + """
const single = await open('official')
const halves = await open('decode')
const made = {...await prepared(), ...ours}
window.samClick = {
  official: (height, width) => run(single, official(height, width)),
  decode: () => run(halves, asked(halves, made)),
  ready: (kind) => new Promise((resolve, reject) => {
    const start = performance.now()
    const worker = new Worker(`/bench/${kind}.mjs`, {type: 'module'})
    worker.onerror = reject
    worker.onmessage = () => { worker.terminate(); resolve(performance.now() - start) }
  }),
}
"""
)

WORKERS = {
    "official": COMMON + "await run(await open('official'), official(683, 1024)); postMessage(1)",
    "ours": COMMON
    + """
const [made, halves] = [await prepared(), await open('decode')]
await run(halves, asked(halves, {...made, ...ours}))
postMessage(1)
""",
}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A plain server for runtime, graphs and scripts, which a browser may cache; its address."""
    scripts = {"page.mjs": PAGE, **{f"{name}.mjs": text for name, text in WORKERS.items()}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[1]
            if name in scripts:
                body = scripts[name].encode()
            elif name == "index.html":
                body = b"<!doctype html><title>bench</title>"
            else:
                graphs = folder if name == "official.onnx" else folder / "bundle"
                body = ((graphs if name.endswith(".onnx") else RUNTIME) / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", TYPES.get(Path(name).suffix, "text/html"))
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "max-age=3600")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/bench/index.html"
    server.shutdown()


def open_photograph(page: Page, running: Installation, script: Script, folder: Path) -> Editor:
    """A 12-megapixel photograph in a project that draws with the SAM-sized bundle."""
    running.manage("models", "import", str(folder / "bundle"))
    bundles = script.get("/api/v1/bundles")["results"]
    bundle = next(row["id"] for row in bundles if row["name"] == "sam-sized")
    made = script.post("/api/v1/projects", {"name": "Bench", "labels": [{"name": "date"}]})
    project, version = made["id"], made["version"]
    script.request(
        "PATCH", f"/api/v1/projects/{project}", {"bundle": bundle}, **{"If-Match": f'"{version}"'}
    )
    Image.open(PHOTOGRAPH).resize(SIZE_12MP, Image.Resampling.BICUBIC).save(
        folder / "large.jpg", quality=90
    )
    (row,) = script.upload(project, folder / "large.jpg")
    image = row["image"]["id"]
    path = f"/api/v1/images/{image}/embedding"
    running.wait_for(lambda: script.get(path)["state"] == "ready", 120, "the embedding")
    page.goto(running.sign_in_link)
    page.goto(f"{running.url}/projects/{project}/images/{image}")
    editor = Editor(page)
    editor.wait_until_ready()
    return editor


def painted(editor: Editor, plain: Page) -> tuple[list[float], list[float]]:
    """Press to painted frame in the editor, and the yardstick's full-size answer; ms each."""
    width, height = SIZE_12MP
    ours, theirs = [], []
    for turn in range(ROUNDS + 2):
        x, y = POINTS[turn % len(POINTS)]
        editor.click(x * width / 800, y * height / 600)
        paint = float(editor.hook("decoder.lastPaintMs"))
        editor.page.keyboard.press("Escape")
        full = float(plain.evaluate(f"window.samClick.official({height}, {width})"))
        if turn >= 2:
            ours.append(paint)
            theirs.append(full)
    return ours, theirs


def in_turn(page: Page, first: str, second: str, rounds: int) -> tuple[list[float], list[float]]:
    """Two expressions in turn, milliseconds each; the first round warms the caches."""
    times = [
        (float(page.evaluate(first)), float(page.evaluate(second))) for _ in range(rounds + 1)
    ][1:]
    return [a for a, _ in times], [b for _, b in times]


def measure() -> dict[str, Any]:
    chromium = chromium_path()
    assert chromium, "needs Chromium"
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        torch.manual_seed(0)
        model = build("sam-vit-b", **SHALLOW)
        export_bundle(model, folder / "bundle", About("sam-sized", "sam"), Choices(official=False))
        trace(official_graph(model), folder / "official.onnx")
        running = Installation(folder / "data").start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            editor = open_photograph(page, running, Script(running), folder)
            with served(folder) as address:
                plain = browser.new_page()
                plain.goto(address)
                plain.evaluate("() => import('/bench/page.mjs')")
                decode, official = in_turn(
                    plain, "window.samClick.decode()", "window.samClick.official(683, 1024)", ROUNDS
                )
                page.bring_to_front()
                ours_12mp, official_12mp = painted(editor, plain)
                ready, official_ready = in_turn(
                    plain, "window.samClick.ready('ours')", "window.samClick.ready('official')",
                    STARTS,
                )  # fmt: skip
        finally:
            running.stop()
    return {
        "decode_ms": spread(decode),
        "official_ms": spread(official),
        "decode_over_official": paired_ratio(decode, official),
        "click_to_painted_12mp_ms": spread(ours_12mp),
        "official_12mp_ms": spread(official_12mp),
        "painted_over_official_12mp": paired_ratio(ours_12mp, official_12mp),
        "ready_ms": spread(ready),
        "official_ready_ms": spread(official_ready),
        "ready_over_official": paired_ratio(ready, official_ready),
    }
