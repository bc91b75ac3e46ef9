"""The floor: a disc of the set's median size at each click, and the ellipse in a box.

What needs no look at the picture must be beaten by whatever looks at it.
"""

from __future__ import annotations

import numpy as np

from workers.sam.clicks import Click
from workers.sam.evaluation import Box, Item, Segmenter


class DiscSegmenter(Segmenter):
    """`area_share` is the disc's area as a share of the image's."""

    def __init__(self, area_share: float) -> None:
        self.area_share = area_share
        self.shape = (0, 0)

    def start(self, image: np.ndarray) -> None:
        """Only the size matters."""
        self.shape = (image.shape[0], image.shape[1])

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """Positive discs are laid down, negative ones taken away, in the order of the clicks."""
        height, width = self.shape
        radius = max(0.5, float(np.sqrt(self.area_share * height * width / np.pi)))
        drawn = np.zeros(self.shape, bool)
        for click in clicks:
            near = self._ellipse(click.x, click.y, radius, radius)
            drawn = drawn | near if click.positive else drawn & ~near
        return drawn

    def segment_box(self, box: Box) -> np.ndarray | None:
        """The ellipse that touches all four edges."""
        x0, y0, x1, y1 = box
        return self._ellipse((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2)

    def _ellipse(self, x: float, y: float, across: float, down: float) -> np.ndarray:
        rows = (np.arange(self.shape[0])[:, None] + 0.5 - y) / down
        columns = (np.arange(self.shape[1])[None, :] + 0.5 - x) / across
        inside: np.ndarray = rows**2 + columns**2 <= 1
        return inside


def build(items: list[Item]) -> Segmenter:
    """A disc as large as the median of these objects, each measured against its image."""
    shares = [np.count_nonzero(mask) / mask.size for mask in (item.mask() for item in items)]
    return DiscSegmenter(float(np.median(shares)) if shares else 0.0)
