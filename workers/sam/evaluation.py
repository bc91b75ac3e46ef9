"""Measuring a model the way people use it: clicks where the mask is most wrong.

The protocol of the SAM paper (arXiv 2304.02643, section 7.1 and appendix D): the first click at the
point of the object farthest from its edge (the image's border is an edge), each next one at the
same point of the largest 8-connected wrong region: positive where something is missing, negative
where there is too much. Everything is compared at the image's own size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from workers.sam.clicks import Click, bounding_box, first_click, next_click
from workers.sam.coco import decode_segmentation
from workers.sam.figures import MAX_CLICKS, TARGETS, summary
from workers.sam.predictor import OnnxPredictor, Prompts

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in image space, ends exclusive
Finish = Callable[[np.ndarray, np.ndarray, Prompts], np.ndarray]


class Segmenter:
    """Anything that turns prompts into a mask: a bundle, or a yardstick.

    What only some can do has an answer here that says so: no boxes, no candidates, no rating.
    """

    def start(self, image: np.ndarray) -> None:
        """A new image, uint8 RGB H x W x 3."""
        raise NotImplementedError

    def begin_object(self) -> None:
        """Forget the clicks of the last object."""

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """The mask (bool H x W) after these clicks."""
        raise NotImplementedError

    def segment_box(self, box: Box) -> np.ndarray | None:
        """The mask for a box alone; None from what takes no boxes."""
        return None

    def candidates(self) -> tuple[list[np.ndarray], int] | None:
        """All masks of the last `segment`, and the index of the single one; None without any."""
        return None

    def expected_iou(self) -> float | None:
        """What the last mask is expected to agree with the truth; None when nobody says."""
        return None


class ModelSegmenter(Segmenter):
    """A bundle in the click loop, with the logits shown before as mask_input from click two on,
    and with later clicks that correct (`correction.py`).

    `finish(image, low_res, prompts)` makes the mask (bool H x W) of the chosen logits [h,w];
    without it they are scaled up as they are. This is the one place where a refinement of edges
    comes in, so that "raw" and "refined" are two segmenters of one bundle
    (`comparison.columns`).
    """

    def __init__(
        self, predictor: OnnxPredictor, feedback: bool = True, finish: Finish | None = None
    ) -> None:
        self.predictor, self.feedback, self.finish = predictor, feedback, finish
        self.image = np.zeros((0, 0, 3), np.uint8)
        self.size = (0, 0)
        self.prepared: dict[str, np.ndarray] = {}
        self.logits, self.ious, self.chosen = np.zeros((0, 0, 0)), np.zeros(0), 0
        self.shown: np.ndarray | None = None  # the chosen logits as they stand after the last click
        self.prompts = Prompts()

    def start(self, image: np.ndarray) -> None:
        """Encode once."""
        self.image, self.size = image, (image.shape[1], image.shape[0])
        self.prepared = self.predictor.prepare(self.predictor.encode([image])[0])

    def begin_object(self) -> None:
        """No previous logits."""
        self.shown = None

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """Decode, choose, remember, finish."""
        points = [(click.x, click.y, int(click.positive)) for click in clicks]
        return self._decode(Prompts(points=points, mask_input=self.shown))

    def segment_box(self, box: Box) -> np.ndarray | None:
        """The same with a box alone."""
        return self._decode(Prompts(box=box))

    def _decode(self, prompts: Prompts) -> np.ndarray:
        self.prompts = prompts
        self.logits, self.ious = self.predictor.decode_prepared(self.prepared, prompts, self.size)
        self.chosen = self.predictor.choose(self.logits, self.ious, prompts, self.size)
        shown = self.predictor.corrected(self.logits[self.chosen], prompts, self.size)
        self.shown = shown if self.feedback else None
        return self._finished(shown)

    def _finished(self, low_res: np.ndarray) -> np.ndarray:
        if self.finish:
            return self.finish(self.image, low_res, self.prompts)
        return self.predictor.mask(low_res, self.size)

    def candidates(self) -> tuple[list[np.ndarray], int] | None:
        """Each as it would be shown if it were chosen."""
        masks = [self._finished(each) for each in self.logits]
        return masks, int(self.predictor.bundle.manifest["single_candidate"])

    def expected_iou(self) -> float | None:
        """The decoder's own rating of the chosen mask."""
        return float(self.ious[self.chosen])


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


@dataclass
class Clicked:
    """One object's conversation: a value for each click, the first one first."""

    ious: list[float]
    predicted: list[float]  # what the model expected of the same masks; empty without a rating
    seconds: list[float]


def click_through(
    segmenter: Segmenter,
    target: np.ndarray,
    max_clicks: int = MAX_CLICKS,
    stop_at: float = TARGETS[-1],
    after_first: Callable[[], None] | None = None,
) -> Clicked:
    """Click at least five times, then until the IoU has reached `stop_at` or `max_clicks` are
    spent. `after_first` is called while the first click's candidates are at hand."""
    segmenter.begin_object()
    clicks, done = [first_click(target)], Clicked([], [], [])
    while True:
        began = perf_counter()
        predicted = segmenter.segment(clicks)
        done.seconds.append(perf_counter() - began)
        done.ious.append(iou(predicted, target))
        rating = segmenter.expected_iou()
        done.predicted += [] if rating is None else [rating]
        if after_first and len(clicks) == 1:
            after_first()
        count = len(done.ious)
        if count >= max_clicks or (count >= 5 and max(done.ious) >= stop_at):
            return done
        following = next_click(target, predicted)
        if following is None:  # perfect, and it stays so
            done.ious += [1.0] * (5 - count)
            return done
        clicks.append(following)


def measure(segmenter: Segmenter, target: np.ndarray, max_clicks: int) -> dict[str, Any]:
    """All figures of one object: clicks, the first click's candidates, its tight box."""
    found: dict[str, Any] = {}

    def look_at_candidates() -> None:
        offered = segmenter.candidates()
        if offered:
            masks, single = offered
            each = [iou(mask, target) for mask in masks]
            found["best_of_all"] = max(each)
            readings = [value for index, value in enumerate(each) if index != single]
            found["best_of_3"] = max(readings, default=each[single])

    clicked = click_through(segmenter, target, max_clicks, after_first=look_at_candidates)
    top, left, bottom, right = bounding_box(target)
    segmenter.begin_object()
    boxed = segmenter.segment_box((float(left), float(top), float(right), float(bottom)))
    if boxed is not None:
        found["box"] = iou(boxed, target)
    return vars(clicked) | found


def evaluate(
    segmenter: Segmenter,
    items: list[Item],
    images: Path,
    max_clicks: int = MAX_CLICKS,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """The figures of a set of objects (figures.FIGURES), and each object's own (`by_object`)."""
    objects = []
    for item, pixels in _with_pixels(items, images, segmenter):
        target = item.mask()
        if pixels.shape[:2] != target.shape:
            raise ValueError(f"{item.file_name} is not of the size its COCO entry says.")
        if target.any():
            names = {"image": item.file_name, "annotation": item.annotation_id}
            objects.append(names | measure(segmenter, target, max_clicks))
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
