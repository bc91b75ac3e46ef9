"""Everything in a picture, by SAM's automatic mask generation (arXiv 2304.02643, appendix B).

For the whole image and then for every crop (`grid.views_of`): embed, click at every point of a
grid, keep each click's readings that the model rates high, that hardly move with the threshold and
that no crop's edge cuts (`filtering`), and of those that stand on each other the best (`nms`). Then
between crops: a smaller crop sees more, so its mask is the better one.

SAM scales every mask up to the image and then decides. Here a mask is scaled up when nothing but
its own pixels can still rule it out; all others go at the decoder's resolution, or by their box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from samweb.masks import rle
from workers.sam.automatic.filtering import Cells, box_of, cut_off, stability_scores
from workers.sam.automatic.grid import View, points_of, views_of
from workers.sam.automatic.nms import keep_best
from workers.sam.automatic.regions import tidied
from workers.sam.automatic.settings import Settings, settings_for
from workers.sam.predictor import (
    MASK_THRESHOLD,
    Embedding,
    OnnxPredictor,
    Prompts,
    upscale_logits,
)

Progress = Callable[[int, int], None]
BATCH = 64  # clicks between two looks at whether somebody still wants this
COARSE = 0.15  # how far a stability counted in cells may be from one counted in pixels


class Cancelled(Exception):
    """Somebody does not want the masks any more."""


@dataclass(frozen=True)
class Found:
    """One mask, in image space at the image's size."""

    counts: str  # compressed COCO RLE, column-major
    size: tuple[int, int]  # (height, width)
    box: tuple[int, int, int, int]  # x0, y0, x1, y1, ends exclusive
    area: int  # pixels
    predicted_iou: float
    stability: float
    point_image: tuple[float, float]  # the click it answers
    candidate: int  # which of the decoder's masks
    view: tuple[int, int, int, int]  # the part of the image that was embedded


@dataclass(frozen=True)
class Reading:
    """One of a click's masks that has not been dropped yet; in pixels of its view."""

    logits: np.ndarray  # [h,w], as decoded
    box: np.ndarray  # [4]
    predicted_iou: float
    point: tuple[float, float]
    candidate: int


def find_everything(
    predictor: OnnxPredictor,
    image: np.ndarray,
    settings: Settings | None = None,
    *,
    embedding: Embedding | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Found]:
    """All masks of an image (uint8 RGB H x W x 3), the best rated first.

    embedding: that of the whole image, where it is at hand. progress(done, total) counts clicks;
    `cancelled()` is asked between batches and raises Cancelled. Raises ValueError for numbers of
    the model that are none.
    """
    settings = settings or settings_for(predictor.bundle)
    size_image = (image.shape[1], image.shape[0])
    views = views_of(size_image, settings)
    total, done = sum(len(points_of(view, settings)) for view in views), 0

    def advance(count: int) -> None:
        nonlocal done
        if cancelled and cancelled():
            raise Cancelled
        done += count
        if progress:
            progress(done, total)

    found: list[Found] = []
    for view in views:
        if view.layer or embedding is None:
            (encoded,) = predictor.encode([image[view.y0 : view.y1, view.x0 : view.x1]])
        else:
            encoded = embedding
        search = _Search(predictor, settings, view, size_image)
        found += search.best_of(list(search.readings(encoded, advance)))
    return _between_views(found, settings)


@dataclass(frozen=True)
class _Search:
    """One view of the image, searched."""

    predictor: OnnxPredictor
    settings: Settings
    view: View
    size_image: tuple[int, int]

    def readings(self, embedding: Embedding, advance: Callable[[int], None]) -> Iterator[Reading]:
        """What is left of each click's masks before they are compared with each other."""
        prepared = self.predictor.prepare(embedding)
        points = points_of(self.view, self.settings)
        for start in range(0, len(points), BATCH):
            for x, y in points[start : start + BATCH].tolist():
                prompt = Prompts(points=[(x, y, 1)])
                answer = self.predictor.decode_prepared(prepared, prompt, self.view.size)
                if not all(np.isfinite(numbers).all() for numbers in answer):
                    raise ValueError(
                        f"The decoder answered a click at ({x:g}, {y:g}) with no numbers."
                    )
                yield from self._holding(*answer, (x, y))
            advance(len(points[start : start + BATCH]))

    def _holding(
        self, logits: np.ndarray, ious: np.ndarray, point: tuple[float, float]
    ) -> Iterator[Reading]:
        """Of one click's masks [K,h,w] those that are rated high, stable and not cut off."""
        wanted = np.flatnonzero(ious > self.settings.pred_iou_thresh)
        if len(ious) > 1:
            # A click may mean a part or the whole; the single mask is for when it is known which.
            wanted = wanted[wanted != int(self.predictor.bundle.manifest["single_candidate"])]
        if not len(wanted):
            return
        cells = Cells.of(logits.shape[1:], self.view.size, self.predictor.input_size)
        shown = cells.without_padding(logits[wanted])
        scores = stability_scores(shown, self.settings.stability_score_offset)
        for at in np.flatnonzero(scores >= self.settings.stability_score_thresh - COARSE):
            candidate = int(wanted[at])
            box = box_of(logits[candidate], cells)
            if box is not None and not cut_off(box, self.view, self.size_image):
                yield Reading(
                    logits[candidate].copy(), box, float(ious[candidate]), point, candidate
                )

    def best_of(self, readings: list[Reading]) -> list[Found]:
        """Of readings that stand on each other the best, as masks of the image."""
        found: dict[int, Found] = {}

        def examine(index: int) -> bool:
            mask = self._at_full_size(readings[index])
            if mask:
                found[index] = mask
            return mask is not None

        boxes = np.array([reading.box for reading in readings]).reshape(-1, 4)
        ratings = np.array([reading.predicted_iou for reading in readings])
        kept = keep_best(boxes, ratings, self.settings.box_nms_thresh, examine)
        return [found[int(index)] for index in kept]

    def _at_full_size(self, reading: Reading) -> Found | None:
        """A reading as a mask of the image; None when its pixels say that it does not hold."""
        view, input_size = self.view, self.predictor.input_size
        logits = upscale_logits(reading.logits, view.size, input_size)
        (stability,) = stability_scores(logits[None], self.settings.stability_score_offset)
        mask = logits > MASK_THRESHOLD
        if stability < self.settings.stability_score_thresh or not mask.any():
            return None
        if self.settings.min_mask_region_area:
            mask = tidied(mask, self.settings.min_mask_region_area)
        whole = np.zeros(self.size_image[::-1], bool)
        whole[view.y0 : view.y1, view.x0 : view.x1] = mask
        counts = rle.counts_of_mask(whole)
        x, y, width, height = rle.bbox(counts, self.size_image[1])
        return Found(
            counts=rle.string_of(counts),
            size=self.size_image[::-1],
            box=(x, y, x + width, y + height),
            area=rle.area(counts),
            predicted_iou=reading.predicted_iou,
            stability=float(stability),
            point_image=(reading.point[0] + view.x0, reading.point[1] + view.y0),
            candidate=reading.candidate,
            view=(view.x0, view.y0, view.x1, view.y1),
        )


def _between_views(found: list[Found], settings: Settings) -> list[Found]:
    """Of masks that stand on each other those of the smaller view; the best rated first."""
    if settings.crop_n_layers:
        boxes = np.array([each.box for each in found], float).reshape(-1, 4)
        views = np.array([each.view for each in found], float).reshape(-1, 4)
        sizes = (views[:, 2] - views[:, 0]) * (views[:, 3] - views[:, 1])
        found = [found[at] for at in keep_best(boxes, 1 / sizes, settings.crop_nms_thresh)]
    return sorted(found, key=lambda each: -each.predicted_iou)
