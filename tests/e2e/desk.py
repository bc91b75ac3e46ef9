"""An open editor and the server behind it: gestures on the one, masks from the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import expect

from samweb.masks import rle
from tests.e2e.editor import Editor
from tests.e2e.installation import Installation
from tests.e2e.test_journey import Harvest


class Desk:
    """An open editor and the server behind it."""

    def __init__(self, editor: Editor, harvest: Harvest, installation: Installation) -> None:
        self.editor, self.harvest, self.installation = editor, harvest, installation
        self.page = editor.page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def drag(self, *points: tuple[float, float], keys: tuple[str, ...] = ()) -> None:
        """Press at the first point of the image, move through the others, let go at the last."""
        places = [self.editor.screen(*point) for point in points]
        self.page.mouse.move(*places[0])
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=8)
        self.page.mouse.up()
        for key in keys:
            self.page.keyboard.up(key)

    def click(self, x: float, y: float, *keys: str) -> None:
        self.drag((x, y), keys=keys)

    def expect_objects(self, count: int) -> None:
        expect(self.page.get_by_test_id("object-row")).to_have_count(count)

    def saved(self) -> list[dict[str, Any]]:
        """The objects once the server has what the page has, in the order they were made."""

        def same() -> list[list[dict[str, Any]]]:
            found = self.harvest.annotations
            here = {one["id"]: one["version"] for one in found}
            return [found] if here == self.editor.hook("editor.objects") else []

        (found,) = self.installation.wait_for(same, 20, "the server to have what the page has")
        self.editor.expect_saved()
        return sorted(found, key=lambda one: one["id"])

    def masks(self) -> list[np.ndarray]:
        return [mask_of(one) for one in self.saved()]


def mask_of(annotation: dict[str, Any]) -> np.ndarray:
    height, width = annotation["mask"]["size"]
    return rle.mask_of(rle.counts_of(annotation["mask"]["counts"], height, width), height, width)


def steps_of(annotation: dict[str, Any]) -> list[str]:
    return [step["type"] for step in annotation["recipe"]["steps"]]
