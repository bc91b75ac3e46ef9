"""`manage.py evaluate --coco FILE --images DIR`: how well a bundle follows clicks."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workers.places import places
from workers.sam.bundle import BundleError, find_bundle
from workers.sam.evaluation import ModelSegmenter, evaluate, read_items, round_robin
from workers.sam.predictor import OnnxPredictor

FIGURES = ("miou_1", "miou_3", "miou_5", "noc85", "noc90", "objects")


class Command(BaseCommand):
    help = "Simulated clicks on the objects of a COCO instances file: mean IoU and clicks needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--coco", type=Path, required=True)
        parser.add_argument("--images", type=Path, required=True)
        parser.add_argument("--bundle", help="id, name or folder; the shipped one by default")
        parser.add_argument("--limit", type=int, help="objects, in turn over the images")
        parser.add_argument("--json", type=Path, help="write all figures and each object's here")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit must be at least 1.")
        try:
            items = read_items(options["coco"])
        except OSError:
            raise CommandError(f"{options['coco']} cannot be read.") from None
        except (ValueError, KeyError, TypeError):
            raise CommandError(f"{options['coco']} is not a COCO instances file.") from None
        try:
            bundle = find_bundle(options["bundle"], places())
        except BundleError as problem:
            raise CommandError(str(problem)) from None
        segmenter = ModelSegmenter(OnnxPredictor(bundle))
        chosen = round_robin(items, options["limit"])
        try:
            result = evaluate(segmenter, chosen, options["images"], progress=self._progress)
        except (OSError, ValueError) as problem:
            raise CommandError(str(problem)) from None
        result |= {"bundle": bundle.id, "seed": 0}
        if options["json"]:
            options["json"].write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        for name in FIGURES:
            self.stdout.write(f"{name:8} {result[name]}")

    def _progress(self, done: int, total: int) -> None:
        if done % 25 == 0:
            self.stderr.write(f"{done} of {total} objects")
