"""Reading COCO instance files: images, objects and their masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw


def decode_segmentation(segmentation: Any, height: int, width: int) -> np.ndarray:
    """A COCO segmentation (RLE, compressed or not, or polygons) as a bool mask H x W."""
    if isinstance(segmentation, dict):
        return _decode_rle(segmentation["counts"], height, width)
    canvas = Image.new("1", (width, height))
    for polygon in segmentation:
        ImageDraw.Draw(canvas).polygon([float(value) for value in polygon], fill=1)
    return np.array(canvas, dtype=bool)


def _decode_rle(counts: Any, height: int, width: int) -> np.ndarray:
    try:
        from samweb.masks import rle
    except ImportError:
        from pycocotools import mask as coco_mask

        if isinstance(counts, list):
            return _runs_to_mask(counts, height, width)
        return coco_mask.decode({"size": [height, width], "counts": counts}).astype(bool)
    return rle.decode(counts, height, width)


def _runs_to_mask(runs: list[int], height: int, width: int) -> np.ndarray:
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T
