"""Measuring a model the way people use it: clicks where the mask is most wrong.

First click at the point of the object farthest from its edge (the image's border is an edge), each
next one at the same point of the largest 8-connected wrong region: positive where something is
missing, negative where there is too much. Everything is compared at the image's own size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageOps

from workers.sam.clicks import Click, first_click, next_click
from workers.sam.coco import decode_segmentation
from workers.sam.predictor import OnnxPredictor, Prompts

MAX_CLICKS = 20
TARGETS = (0.85, 0.90)


class Segmenter(Protocol):
    """Anything that turns clicks into a mask; the model and the GrabCut yardstick are two."""

    def start(self, image: np.ndarray) -> None:
        """A new image, uint8 RGB H x W x 3."""

    def begin_object(self) -> None:
        """Forget the clicks of the last object."""

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """The mask (bool H x W) after these clicks."""


class ModelSegmenter:
    """A bundle in the click loop, with its own previous logits as mask_input from click two on."""

    def __init__(self, predictor: OnnxPredictor, feedback: bool = True) -> None:
        self.predictor, self.feedback = predictor, feedback
        self.previous: np.ndarray | None = None
        self.size = (0, 0)
        self.prepared: dict[str, np.ndarray] = {}

    def start(self, image: np.ndarray) -> None:
        """Encode once."""
        self.size = (image.shape[1], image.shape[0])
        self.prepared = self.predictor.prepare(self.predictor.encode([image])[0])

    def begin_object(self) -> None:
        """No previous logits."""
        self.previous = None

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """Decode, choose, remember, scale up."""
        prompts = Prompts(
            points=[(click.x, click.y, int(click.positive)) for click in clicks],
            mask_input=self.previous if self.feedback else None,
        )
        logits, ious = self.predictor.decode_prepared(self.prepared, prompts, self.size)
        chosen = self.predictor.choose(logits, ious, prompts, self.size)
        self.previous = logits[chosen]
        return self.predictor.mask(logits[chosen], self.size)


@dataclass(frozen=True)
class Item:
    """One object to segment."""

    file_name: str
    annotation_id: str
    segmentation: Any
    size: tuple[int, int]  # (width, height)

    def mask(self) -> np.ndarray:
        """The human mask, bool H x W."""
        return decode_segmentation(self.segmentation, self.size[1], self.size[0])


def read_items(coco_file: Path) -> list[Item]:
    """All objects of a COCO instances file, crowd regions left out."""
    coco = json.loads(coco_file.read_text(encoding="utf-8"))
    images = {str(entry["id"]): entry for entry in coco["images"]}
    items = []
    for annotation in coco["annotations"]:
        if annotation.get("iscrowd", 0):
            continue
        entry = images[str(annotation["image_id"])]
        size = (int(entry["width"]), int(entry["height"]))
        name, number = entry["file_name"], str(annotation["id"])
        items.append(Item(name, number, annotation["segmentation"], size))
    return items


def round_robin(items: list[Item], limit: int | None, seed: int = 0) -> list[Item]:
    """At most `limit` objects, one from each image in turn; the order within is shuffled."""
    if limit is None or limit >= len(items):
        return items
    rng = np.random.default_rng(seed)
    by_image: dict[str, list[Item]] = {}
    for item in items:
        by_image.setdefault(item.file_name, []).append(item)
    names = [sorted(by_image)[index] for index in rng.permutation(len(by_image))]
    queues = [[by_image[name][i] for i in rng.permutation(len(by_image[name]))] for name in names]
    chosen: list[Item] = []
    turn = 0
    while len(chosen) < limit:
        for queue in queues:
            if turn < len(queue) and len(chosen) < limit:
                chosen.append(queue[turn])
        turn += 1
    return chosen


def read_image(path: Path) -> np.ndarray:
    """Upright uint8 RGB H x W x 3."""
    with Image.open(path) as image:
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two bool masks; two empty ones agree."""
    either = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / either if either else 1.0


def ious_by_click(
    segmenter: Segmenter, target: np.ndarray, max_clicks: int, stop_at: float
) -> list[float]:
    """IoU after 1, 2, ... clicks; at least five, then until `stop_at` or `max_clicks`."""
    segmenter.begin_object()
    clicks = [first_click(target)]
    results: list[float] = []
    while True:
        predicted = segmenter.segment(clicks)
        results.append(iou(predicted, target))
        if len(results) >= max_clicks or (len(results) >= 5 and max(results) >= stop_at):
            return results
        following = next_click(target, predicted)
        if following is None:  # perfect, and it stays so
            return results + [1.0] * (5 - len(results))
        clicks.append(following)


def evaluate(
    segmenter: Segmenter,
    items: list[Item],
    images: Path,
    max_clicks: int = MAX_CLICKS,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """The figures of a set of objects, and each object's own."""
    objects = []
    for item, pixels in _with_pixels(items, images, segmenter):
        target = item.mask()
        if pixels.shape[:2] != target.shape:
            raise ValueError(f"{item.file_name} is not of the size its COCO entry says.")
        if target.any():
            by_click = ious_by_click(segmenter, target, max_clicks, TARGETS[-1])
            objects.append(
                {"image": item.file_name, "annotation": item.annotation_id, "ious": by_click}
            )
        if progress:
            progress(len(objects), len(items))
    return summary(objects, max_clicks)


def _with_pixels(
    items: list[Item], images: Path, segmenter: Segmenter
) -> Iterator[tuple[Item, np.ndarray]]:
    """Objects image by image, so that each image is read and encoded once."""
    pixels, current = np.zeros((0, 0, 3), np.uint8), ""
    for item in sorted(items, key=lambda item: item.file_name):
        if item.file_name != current:
            current, pixels = item.file_name, read_image(_find(images, item.file_name))
            segmenter.start(pixels)
        yield item, pixels


def _find(images: Path, file_name: str) -> Path:
    """A COCO file name under the images folder, with or without its own folders."""
    for path in (images / file_name, images / Path(file_name).name, images.parent / file_name):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{file_name} is not in {images}.")


def summary(objects: list[dict[str, Any]], max_clicks: int = MAX_CLICKS) -> dict[str, Any]:
    """Means over objects; an object that never gets there counts the cap."""

    def mean_iou(click: int) -> float:
        return _mean([entry["ious"][min(click, len(entry["ious"])) - 1] for entry in objects])

    def clicks_needed(target: float) -> float:
        needed: list[float] = []
        for entry in objects:
            there = [number for number, value in enumerate(entry["ious"], 1) if value >= target]
            needed.append(there[0] if there else max_clicks)
        return _mean(needed)

    return {
        "miou_1": mean_iou(1),
        "miou_3": mean_iou(3),
        "miou_5": mean_iou(5),
        "noc85": clicks_needed(TARGETS[0]),
        "noc90": clicks_needed(TARGETS[1]),
        "objects": len(objects),
        "by_object": objects,
    }


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 4) if values else 0.0
