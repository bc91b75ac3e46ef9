"""Where to click, and in which crops: SAM's regular grid and its layers of overlapping crops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workers.sam.automatic.settings import Settings


@dataclass(frozen=True)
class View:
    """A part of the image that is embedded on its own: whole pixels, x1 and y1 exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int
    layer: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.x1 - self.x0, self.y1 - self.y0


def point_grid(per_side: int) -> np.ndarray:
    """[per_side^2, 2] positions (x, y) as shares of a picture, the middles of equal fields, row by
    row."""
    at = (np.arange(per_side) + 0.5) / per_side
    x, y = np.meshgrid(at, at)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def points_of(view: View, settings: Settings) -> np.ndarray:
    """The clicks of a view in its own pixels, float [N,2] (x, y)."""
    coarser = settings.crop_n_points_downscale_factor**view.layer
    return point_grid(max(1, int(settings.points_per_side / coarser))) * np.array(view.size)


def views_of(size_image: tuple[int, int], settings: Settings) -> list[View]:
    """The whole image, then layer by layer 2^i x 2^i crops that overlap by SAM's rule: the layer's
    overlap is crop_overlap_ratio of the shorter side, halved with each layer."""
    width, height = size_image
    views = [View(0, 0, width, height, 0)]
    for layer in range(1, settings.crop_n_layers + 1):
        count = 2**layer
        overlap = int(settings.crop_overlap_ratio * min(width, height) * (2 / count))
        wide, high = (math.ceil((overlap * (count - 1) + side) / count) for side in size_image)
        for x0 in (int((wide - overlap) * i) for i in range(count)):
            for y0 in (int((high - overlap) * i) for i in range(count)):
                if x0 < width and y0 < height:
                    x1, y1 = min(x0 + wide, width), min(y0 + high, height)
                    views.append(View(x0, y0, x1, y1, layer))
    return views
