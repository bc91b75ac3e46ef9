"""The yardstick: OpenCV's GrabCut under the same clicks as the model.

`python -m workers.sam.training.grabcut_baseline --help` prints the mean IoU of both after one,
three and five clicks, on one COCO file or on the held-out images of the training sets.

A positive click is a disc of sure foreground with a wider disc of likely foreground round it, a
negative one a disc of sure background; everything else is likely background. Of the result only
the parts that hold a positive click are kept. The radii are fixed, not tuned on any set.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from workers.sam.bundle import find_bundle
from workers.sam.clicks import Click
from workers.sam.evaluation import (
    Item,
    ModelSegmenter,
    Segmenter,
    evaluate,
    read_items,
    round_robin,
)
from workers.sam.predictor import OnnxPredictor
from workers.sam.training.real_sets import TRAINING_SETS, is_held_out


class GrabCutSegmenter:
    """GrabCut at a long side of `side`; radii are shares of the long side."""

    def __init__(
        self, side: int = 320, sure: float = 0.012, likely: float = 0.12, iterations: int = 3
    ) -> None:
        self.side, self.sure, self.likely, self.iterations = side, sure, likely, iterations
        self.image: np.ndarray = np.zeros((0, 0, 3), np.uint8)
        self.size, self.scale = (0, 0), 1.0

    def start(self, image: np.ndarray) -> None:
        """Scale once."""
        height, width = image.shape[:2]
        self.size, self.scale = (width, height), min(1.0, self.side / max(width, height))
        small = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        self.image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)

    def begin_object(self) -> None:
        """GrabCut starts afresh at every click."""

    def segment(self, clicks: list[Click]) -> np.ndarray:
        """Seeds, three rounds of GrabCut, the clicked parts."""
        height, width = self.image.shape[:2]
        seeds = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
        long_side = max(height, width)
        sure, likely = max(1, round(self.sure * long_side)), round(self.likely * long_side)
        places = [
            (min(int(click.x * self.scale), width - 1), min(int(click.y * self.scale), height - 1))
            for click in clicks
        ]
        for click, place in zip(clicks, places, strict=True):
            if click.positive:
                cv2.circle(seeds, place, likely, cv2.GC_PR_FGD, -1)
        for click, place in zip(clicks, places, strict=True):
            cv2.circle(seeds, place, sure, cv2.GC_FGD if click.positive else cv2.GC_BGD, -1)
        try:
            cv2.setRNGSeed(0)
            models, nowhere = (np.zeros((1, 65)), np.zeros((1, 65))), (0, 0, 0, 0)
            mode = cv2.GC_INIT_WITH_MASK
            cv2.grabCut(self.image, seeds, nowhere, *models, self.iterations, mode)
        except cv2.error:  # no background at all: everything is an object
            pass
        chosen = _clicked_parts((seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD), clicks, places)
        large = cv2.resize(chosen.astype(np.float32), self.size, interpolation=cv2.INTER_LINEAR)
        return large > 0.5


def _clicked_parts(
    mask: np.ndarray, clicks: list[Click], places: list[tuple[int, int]]
) -> np.ndarray:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept = {
        int(labels[y, x]) for click, (x, y) in zip(clicks, places, strict=True) if click.positive
    } - {0}
    return np.isin(labels, list(kept))


def held_out_items(data: Path, name: str) -> list[Item]:
    """The objects of one training set's held-out images."""
    items = read_items(data / name / "instances.json")
    return [item for item in items if is_held_out(name, item.file_name)]


def compare(
    segmenters: dict[str, Segmenter], items: list[Item], images: Path, clicks: int = 5
) -> dict[str, dict[str, Any]]:
    """The same objects through every method."""
    return {name: evaluate(each, items, images, clicks) for name, each in segmenters.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the image sets")
    parser.add_argument("--sets", nargs="+", default=list(TRAINING_SETS))
    parser.add_argument("--held-out", action="store_true", help="only images kept from training")
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--limit", type=int, default=40, help="objects of each set")
    parser.add_argument("--clicks", type=int, default=5)
    parser.add_argument("--without-grabcut", action="store_true")
    options = parser.parse_args()
    segmenters: dict[str, Segmenter] = {
        "model": ModelSegmenter(OnnxPredictor(find_bundle(options.bundle), threads=1))
    }
    if not options.without_grabcut:
        segmenters["grabcut"] = GrabCutSegmenter()
    totals: dict[str, list[list[float]]] = {name: [] for name in segmenters}
    for set_name in options.sets:
        folder = options.data / set_name
        if options.held_out:
            items = held_out_items(options.data, set_name)
        else:
            items = read_items(folder / "instances.json")
        items = round_robin(items, options.limit)
        for name, result in compare(segmenters, items, folder, options.clicks).items():
            means = [result[f"miou_{click}"] for click in (1, 3, 5)]
            totals[name].append(means)
            row = " ".join(f"{value:.3f}" for value in means)
            more = f" NoC85 {result['noc85']:.1f}" if options.clicks == 20 else ""
            print(f"{set_name:22} {name:8} n={result['objects']:3} {row}{more}", flush=True)
    for name, rows in totals.items():
        row = " ".join(f"{value:.3f}" for value in np.mean(rows, axis=0))
        print(f"{'mean of sets':22} {name:8} {row}")


if __name__ == "__main__":
    main()
