"""`manage.py train`: make a model with the project's own scripts (needs the extra `train`)."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Train the small model by a recipe; see docs/training-data.md."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        try:
            from workers.sam.training.train import add_arguments
        except ImportError as missing:
            raise CommandError(
                f"Training needs {missing.name}: pip install 'samweb[train]'."
            ) from None
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from workers.sam.training.train import RunFailed, run

        try:
            run(argparse.Namespace(**options))
        except (OSError, ValueError, RunFailed) as problem:
            raise CommandError(str(problem)) from problem
