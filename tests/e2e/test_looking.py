"""Looking at a picture: what a look does to the pixels on screen, rulers, measuring."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.editor import Editor
from tests.e2e.installation import Installation, Script
from tests.e2e.test_objects import Garden


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def pixels(editor: Editor) -> np.ndarray:
    """The middle of the picture as it is on screen, height x width x 3."""
    box = editor.page.get_by_test_id("editor-canvas").bounding_box()
    assert box
    clip = {"x": box["x"] + box["width"] / 2 - 60, "y": box["y"] + box["height"] / 2 - 60,
            "width": 120, "height": 120}  # fmt: skip
    shot = editor.page.screenshot(clip=clip)  # type: ignore[arg-type]
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)


def test_a_look_changes_what_is_seen_and_as_it_is_brings_the_picture_back(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Look")
    editor = garden.open(installation, page)
    editor.until("window.samweb.editor.shown === true")
    page.mouse.move(5, 300)
    plain = pixels(editor)
    assert (np.ptp(plain, axis=2) > 20).any(), "a colour photograph"
    page.get_by_role("button", name="Brightness, colours, rulers").click()
    panel = page.get_by_role("region", name="How it is looked at")

    panel.get_by_text("Invert").click()
    assert np.abs(pixels(editor) - (255 - plain)).mean() < 2
    panel.get_by_text("Invert").click()
    panel.get_by_role("radio", name="G").click()
    green = pixels(editor)
    assert np.ptp(green, axis=2).max() <= 2
    assert np.abs(green[..., 1] - plain[..., 1]).mean() < 2
    panel.get_by_role("radio", name="All").click()
    panel.get_by_label("Brightness").fill("0.3")
    assert pixels(editor).mean() > plain.mean() + 40
    panel.get_by_role("button", name="As it is").click()
    assert np.array_equal(pixels(editor), plain)


def test_outlines_only_leaves_the_picture_inside_an_object_as_it_is(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Wire")
    width, height = garden.image["width"], garden.image["height"]
    editor = garden.open(installation, page)
    editor.until("window.samweb.editor.shown === true")
    page.mouse.move(5, 300)
    plain = pixels(editor)
    garden.plant("date", (10, 10, width - 20, height - 20))
    expect(page.get_by_test_id("object-row")).to_have_count(1)
    filled = pixels(editor)
    assert np.abs(filled - plain).mean() > 10
    page.keyboard.press("w")
    assert np.array_equal(pixels(editor), plain)


def test_a_line_is_measured_in_pixels_and_in_the_unit_the_image_states(
    installation: Installation, script: Script, page: Page, photograph: Path
) -> None:
    garden = Garden(script, photograph, "Measure")
    url = f"/api/v1/images/{garden.image['id']}"
    body = {"metadata": {"pixel_size": 0.5, "pixel_unit": "mm"}}
    version = script.get(url)["version"]
    script.request("PATCH", url, body, **{"If-Match": f'"{version}"'})
    editor = garden.open(installation, page)
    page.keyboard.press("m")
    page.mouse.move(*editor.screen(100, 100))
    page.mouse.down()
    page.keyboard.down("Shift")
    page.mouse.move(*editor.screen(300, 104), steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    words = page.get_by_test_id("measure").inner_text()
    length, rest = words.split(" mm (")
    assert abs(float(length) - 100) < 1.5 and abs(float(rest.removesuffix(" px)")) - 200) < 3
    page.keyboard.press("v")
    expect(page.get_by_test_id("measure")).to_have_count(0)
