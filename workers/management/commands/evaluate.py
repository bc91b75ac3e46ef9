"""`manage.py evaluate --coco FILE --images DIR`: how well bundles follow clicks and boxes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workers.places import places
from workers.sam.bundle import Bundle, BundleError, find_bundle
from workers.sam.comparison import ImageSet, Method, columns, compare, read_set, yardstick
from workers.sam.figures import FIGURES, MAX_CLICKS
from workers.sam.report import differences, draw_reliability, leads, table
from workers.sam.yardsticks import YARDSTICKS


class Command(BaseCommand):
    help = (
        "Simulated clicks and boxes on the objects of COCO instances files: mean IoU, clicks "
        "needed, calibration. One set with --coco and --images, or several with --data and --sets."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--coco", type=Path, help="a COCO instances file")
        parser.add_argument("--images", type=Path, help="the folder of its images")
        parser.add_argument("--data", type=Path, help="a folder of sets: SET/instances.json")
        parser.add_argument("--sets", nargs="+", metavar="SET", help="those in --data; all of them")
        parser.add_argument(
            "--held-out", action="store_true", help="only images kept from training (--data)"
        )
        parser.add_argument(
            "--bundle", nargs="+", metavar="ID", help="id, name or folder; the shipped one"
        )
        parser.add_argument("--against", nargs="+", choices=YARDSTICKS, default=[])
        parser.add_argument(
            "--precision", nargs="+", choices=("float32", "float16", "int8"),
            help="store embeddings so, instead of as the manifest says",
        )  # fmt: skip
        parser.add_argument(
            "--raw", action="store_true", help="also without the second look at edges"
        )
        parser.add_argument("--limit", type=int, help="objects of each set, in turn over images")
        parser.add_argument("--clicks", type=int, default=MAX_CLICKS, help="at most, for an object")
        parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
        parser.add_argument("--json", type=Path, help="write all figures and each object's here")
        parser.add_argument("--diagram", type=Path, help="draw the ratings' reliability, as PNG")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("limit", "clicks"):
            if options[name] is not None and options[name] < 1:
                raise CommandError(f"--{name} must be at least 1.")
        sets = self._sets(options)
        methods = self._methods(options)
        try:
            found = compare(methods, sets, options["clicks"], self._progress)
        except ImportError as missing:
            raise CommandError(
                f"GrabCut needs OpenCV ({missing.name}): pip install 'samweb[train]'."
            ) from None
        except (OSError, ValueError) as problem:
            raise CommandError(str(problem)) from None
        self._write(found, options)
        if options["diagram"]:
            draw_reliability(found, options["diagram"])
        self._say(found, options["against"])

    def _sets(self, options: dict[str, Any]) -> list[ImageSet]:
        limit, held_out = options["limit"], options["held_out"]
        coco, images, data = options["coco"], options["images"], options["data"]
        if data and not coco:
            names = options["sets"] or sorted(
                path.parent.name for path in data.glob("*/instances.json")
            )
            wanted = [(name, data / name / "instances.json", data / name) for name in names]
        elif coco and images and not data:
            wanted = [(coco.parent.name, coco, images)]
        else:
            raise CommandError("Give --coco FILE and --images DIR, or --data DIR.")
        if not wanted:
            raise CommandError(f"{data} holds no set: no folder with an instances.json.")
        sets = []
        for name, file, folder in wanted:
            try:
                sets.append(read_set(name, file, folder, limit=limit, held_out=held_out))
            except OSError:
                raise CommandError(f"{file} cannot be read.") from None
            except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
                raise CommandError(f"{file} is not a COCO instances file.") from None
            except ValueError as problem:
                raise CommandError(str(problem)) from None
        return sets

    def _methods(self, options: dict[str, Any]) -> dict[str, Method]:
        given = options["bundle"] or [None]
        try:
            names = [given] if isinstance(given, str) else given
            bundles = [find_bundle(each, places()) for each in names]
        except BundleError as problem:
            raise CommandError(str(problem)) from None
        methods: dict[str, Method] = {}
        for bundle in bundles:
            for name, method in columns(
                bundle, options["precision"] or (None,), options["threads"], options["raw"]
            ).items():
                taken = name in methods or sum(each.name == bundle.name for each in bundles) > 1
                methods[f"{name} {bundle.id[:8]}" if taken else name] = method
        self.bundle: Bundle = bundles[0]
        return methods | {name: yardstick(name) for name in options["against"]}

    def _write(self, found: dict[str, Any], options: dict[str, Any]) -> None:
        """The first method's figures stand at the top, and its objects when there is one set."""
        first = next(iter(found["methods"].values()))
        alone = list(first["sets"].values())[0] if len(first["sets"]) == 1 else first["mean"]
        result = alone | {"bundle": self.bundle.id, "seed": 0} | found
        if options["json"]:
            text = json.dumps(result, indent=1) + "\n"
            options["json"].write_text(text, encoding="utf-8")

    def _say(self, found: dict[str, Any], against: list[str]) -> None:
        methods = found["methods"]
        first = next(iter(methods.values()))
        if len(methods) == 1 and len(first["sets"]) == 1:
            for name in (*FIGURES, "objects"):
                self.stdout.write(f"{name:17} {first['mean'][name]}")
            return
        for line in (*table(found), *differences(found), *leads(found, against)):
            self.stdout.write(line)

    def _progress(self, what: str, done: int, total: int) -> None:
        if done % 25 == 0:
            self.stderr.write(f"{what}: {done} of {total} objects")
