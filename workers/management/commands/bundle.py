"""`manage.py bundle`: list the bundles that ship, or check one against its hashes."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workers.sam.bundle import BundleError, load_bundle, shipped_bundles


class Command(BaseCommand):
    help = "List the bundles of this installation, or check the one in a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            folder = options["folder"]
            bundles = [load_bundle(folder)] if folder else shipped_bundles()
        except BundleError as problem:
            raise CommandError(str(problem)) from None
        for bundle in bundles:
            size = sum(path.stat().st_size for path in bundle.folder.iterdir())
            version = bundle.manifest["version"]
            self.stdout.write(f"{bundle.id}  {bundle.name} {version}  {size / 1e6:.1f} MB")
