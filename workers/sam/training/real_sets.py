"""Real photographs with human masks, and photographs without masks, for training.

Layout and names: workers/sam/sets.py. The test-only sets this module refuses to open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from workers.sam.coco import decode_segmentation
from workers.sam.sets import TEST_ONLY_SETS as TEST_ONLY_SETS
from workers.sam.sets import TRAINING_SETS as TRAINING_SETS
from workers.sam.sets import is_held_out


@dataclass
class ObjectMask:
    """One human mask, kept as the corner of its bounding box and what is inside the box."""

    x: int
    y: int
    pixels: np.ndarray  # uint8 h x w, 0 or 255

    def full(self, height: int, width: int) -> np.ndarray:
        """The mask at the size of its image, uint8 0 or 255."""
        canvas = np.zeros((height, width), np.uint8)
        h, w = self.pixels.shape
        canvas[self.y : self.y + h, self.x : self.x + w] = self.pixels
        return canvas


@dataclass
class LabelledImage:
    """An RGB uint8 picture and its masks."""

    pixels: np.ndarray
    objects: list[ObjectMask] = field(default_factory=list)


def load_set(
    root: Path, name: str, *, held_out: bool = False, max_side: int = 448
) -> list[LabelledImage]:
    """The training (or the held-out) images of one set, scaled down to `max_side`."""
    if name in TEST_ONLY_SETS:
        raise ValueError(f"{name} is for tests only and must not be trained on")
    coco = json.loads((root / name / "instances.json").read_text())
    masks_by_image: dict[str, list[dict[str, Any]]] = {}
    for annotation in coco["annotations"]:
        if not annotation.get("iscrowd", 0):
            masks_by_image.setdefault(str(annotation["image_id"]), []).append(annotation)
    return [
        _load_image(root / name, entry, masks_by_image.get(str(entry["id"]), []), max_side)
        for entry in coco["images"]
        if is_held_out(name, entry["file_name"]) == held_out
    ]


def _load_image(
    folder: Path, entry: dict[str, Any], annotations: list[dict[str, Any]], max_side: int
) -> LabelledImage:
    pixels = read_rgb(folder / entry["file_name"])
    height, width = pixels.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    size = (round(width * scale), round(height * scale))
    image = LabelledImage(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    for annotation in annotations:
        mask = decode_segmentation(annotation["segmentation"], height, width)
        small = _scaled_object(mask.astype(np.uint8) * 255, scale, size)
        if small.pixels.size >= 16:
            image.objects.append(small)
    return image


def _scaled_object(mask: np.ndarray, scale: float, limits: tuple[int, int]) -> ObjectMask:
    """Scale one mask without touching the empty rest of the image."""
    x, y, w, h = cv2.boundingRect(mask)
    left, top = int(x * scale), int(y * scale)
    right = min(int(np.ceil((x + w) * scale)), limits[0])
    bottom = min(int(np.ceil((y + h) * scale)), limits[1])
    size = (max(right - left, 0), max(bottom - top, 0))
    if not all(size):
        return ObjectMask(left, top, np.zeros((0, 0), np.uint8))
    shift = [(x + 0.5) * scale - 0.5 - left, (y + 0.5) * scale - 0.5 - top]
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    small = cv2.warpAffine(mask[y : y + h, x : x + w], matrix, size, flags=cv2.INTER_LINEAR)
    return ObjectMask(left, top, np.where(small > 127, 255, 0).astype(np.uint8))


def read_rgb(path: Path) -> np.ndarray:
    """An image file as uint8 H x W x 3, RGB."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path.name} cannot be read as an image")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def unlabelled_photos(root: Path, max_side: int = 400) -> Iterator[np.ndarray]:
    """Photographs without masks: backgrounds and textures of the procedural scenes."""
    folder = root / "unlabelled_photos"
    for entry in json.loads((folder / "manifest.json").read_text())["images"]:
        if "tile" in entry:
            continue
        pixels = read_rgb(folder / entry["file"])
        scale = min(1.0, max_side / max(pixels.shape[:2]))
        yield cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def texture_swatches(root: Path) -> Iterator[np.ndarray]:
    """The square swatches which the texture atlases are cut into."""
    folder = root / "unlabelled_photos"
    for entry in json.loads((folder / "manifest.json").read_text())["images"]:
        if "tile" not in entry:
            continue
        atlas, tile = read_rgb(folder / entry["file"]), entry["tile"]
        columns = atlas.shape[1] // tile
        for index in range(entry["tiles"]):
            y, x = index // columns * tile, index % columns * tile
            yield atlas[y : y + tile, x : x + tile].copy()
