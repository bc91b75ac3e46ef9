"""The editor as a person's hand and eye meet it: real pointer, real keys, what the page shows."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect


class Editor:
    """A page with the editor open. Points are in image space."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def wait_until_ready(self, seconds: float = 60) -> None:
        """The image is shown, its embedding is there and the decoder has loaded."""
        expect(self.page.get_by_test_id("decoder-state")).to_have_attribute(
            "data-state", "ready", timeout=seconds * 1000
        )
        self.until("window.samweb.editor?.ready === true", seconds)

    def until(self, condition: str, seconds: float = 30) -> None:
        """Wait, frame by frame, until the page says so.

        Not `wait_for_function`: that evaluates text in the page, which our content security
        policy forbids.
        """
        met = self.page.evaluate(
            """async (milliseconds) => {
              const deadline = performance.now() + milliseconds
              while (!(CONDITION)) {
                if (performance.now() > deadline) return false
                await new Promise((next) => requestAnimationFrame(next))
              }
              return true
            }""".replace("CONDITION", condition),
            seconds * 1000,
        )
        assert met, f"waited {seconds:.0f} s for {condition}"

    def hook(self, expression: str) -> Any:
        """Read something of `window.samweb`, the page's read-only view of itself."""
        return self.page.evaluate(f"window.samweb.{expression}")

    def screen(self, x: float, y: float) -> tuple[float, float]:
        px, py = self.page.evaluate("([x, y]) => window.samweb.editor.toScreen(x, y)", [x, y])
        return px, py

    def hover(self, x: float, y: float) -> None:
        """Move the pointer there and wait for the ghost."""
        px, py = self.screen(x, y)
        self.page.mouse.move(px - 3, py - 3)
        self.page.mouse.move(px, py)
        self.until("window.samweb.editor.ghost === true")

    def click(self, x: float, y: float, button: str = "left") -> None:
        """A click on a point of the image; waits until its mask is painted."""
        before = self.hook("decoder.clicks")
        px, py = self.screen(x, y)
        self.page.mouse.click(px, py, button=button)  # type: ignore[arg-type]
        self.until(f"window.samweb.decoder.clicks > {before}")

    def accept(self) -> None:
        """Accept the mask with the keyboard; a new object stands in the list."""
        count = self.objects
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_test_id("object-row")).to_have_count(count + 1)

    @property
    def objects(self) -> int:
        return self.page.get_by_test_id("object-row").count()

    def expect_saved(self) -> None:
        expect(self.page.get_by_test_id("sync-state")).to_have_attribute("data-state", "saved")
