"""`manage.py segment IMAGE --point X,Y --out mask.png`: one mask from the shell, no server; with
`--everything --out masks.json` all that the model finds by itself."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from PIL import Image, UnidentifiedImageError

from workers.places import places
from workers.sam.automatic import find_everything
from workers.sam.bundle import BundleError, find_bundle
from workers.sam.evaluation import read_image
from workers.sam.predictor import OnnxPredictor, Prompts


def numbers(text: str, option: str, counts: tuple[int, ...]) -> list[float]:
    """Comma-separated finite numbers, as many as allowed."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in counts or not np.isfinite(values).all():
        expected = " or ".join(str(count) for count in counts)
        raise CommandError(f"{option} {text!r} must be {expected} numbers separated by commas.")
    return values


def parse_point(text: str) -> tuple[float, float, int]:
    """X,Y or X,Y,LABEL with label 1 (the object, default) or 0 (not the object)."""
    values = numbers(text, "--point", (2, 3))
    label = values[2] if len(values) == 3 else 1.0
    if label not in (0.0, 1.0):
        raise CommandError(f"--point {text!r}: the third number must be 1 (object) or 0 (not it).")
    return values[0], values[1], int(label)


def parse_box(text: str) -> tuple[float, float, float, float]:
    """X0,Y0,X1,Y1 with X0 < X1 and Y0 < Y1."""
    x0, y0, x1, y1 = numbers(text, "--box", (4,))
    if x0 >= x1 or y0 >= y1:
        raise CommandError(f"--box {text!r} is empty: X0 must be below X1 and Y0 below Y1.")
    return x0, y0, x1, y1


def read_or_explain(path: Path) -> np.ndarray:
    """The upright RGB pixels of a file, or a sentence about why not."""
    try:
        return read_image(path)
    except FileNotFoundError:
        raise CommandError(f"{path} does not exist.") from None
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as problem:
        raise CommandError(f"{path} cannot be read as an image: {problem}") from None


class Command(BaseCommand):
    help = (
        "Segment one object of an image file, or everything in it. Coordinates are image pixels, "
        "floats."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("image", type=Path)
        parser.add_argument("--point", action="append", default=[], metavar="X,Y[,0|1]")
        parser.add_argument("--box", metavar="X0,Y0,X1,Y1")
        parser.add_argument(
            "--everything", action="store_true", help="all masks of a grid of clicks that hold"
        )
        parser.add_argument(
            "--out", type=Path, required=True,
            help="where the PNG mask goes; with --everything a JSON file of COCO annotations",
        )  # fmt: skip
        parser.add_argument("--bundle", help="id, name or folder; the shipped one by default")

    def handle(self, *args: Any, **options: Any) -> None:
        points = [parse_point(text) for text in options["point"]]
        box = parse_box(options["box"]) if options["box"] else None
        prompted = bool(points or box)
        if prompted == options["everything"]:
            raise CommandError(
                "Give at least one --point X,Y or a --box X0,Y0,X1,Y1, or else --everything."
            )
        image = read_or_explain(options["image"])
        height, width = image.shape[:2]
        corners = [(box[0], box[1]), (box[2], box[3])] if box else []
        for x, y in [*((point[0], point[1]) for point in points), *corners]:
            if not (0 <= x <= width and 0 <= y <= height):
                raise CommandError(f"({x:g}, {y:g}) lies outside the {width} x {height} image.")
        try:
            predictor = OnnxPredictor(find_bundle(options["bundle"], places()))
        except BundleError as problem:
            raise CommandError(str(problem)) from None
        if options["everything"]:
            self._everything(predictor, image, options["out"])
            return
        mask, rating = predictor.segment(image, Prompts(points=points, box=box))
        try:
            Image.fromarray(mask.astype(np.uint8) * 255).save(options["out"], format="PNG")
        except OSError as problem:
            raise CommandError(f"{options['out']} cannot be written: {problem}") from None
        share = np.count_nonzero(mask) / mask.size
        self.stdout.write(
            f"{options['out']}: {np.count_nonzero(mask)} pixels ({share:.1%}),"
            f" predicted IoU {rating:.2f}"
        )

    def _everything(self, predictor: OnnxPredictor, image: np.ndarray, out: Path) -> None:
        def progress(done: int, total: int) -> None:
            self.stderr.write(f"{done} of {total} clicks", ending="\r" if done < total else "\n")

        found = find_everything(predictor, image, progress=progress)
        masks = [
            {
                "segmentation": {"size": list(each.size), "counts": each.counts},
                "bbox": [*each.box[:2], each.box[2] - each.box[0], each.box[3] - each.box[1]],
                "area": each.area,
                "predicted_iou": round(each.predicted_iou, 4),
                "stability_score": round(each.stability, 4),
                "point_coords": [list(each.point_image)],
                "crop_box": list(each.view),
            }
            for each in found
        ]
        try:
            out.write_text(json.dumps(masks) + "\n", encoding="utf-8")
        except OSError as problem:
            raise CommandError(f"{out} cannot be written: {problem}") from None
        self.stdout.write(f"{out}: {len(masks)} masks")
