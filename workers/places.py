"""Where bundles lie: those that come along, and those that the operator imported."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from workers.sam.bundle import BUNDLES_FOLDER
from workers.sam.checkpoints.library import Library


def library() -> Library:
    """The imported bundles of this installation, in its data folder."""
    return Library(settings.SAMWEB.data_dir / "models", BUNDLES_FOLDER)


def places() -> tuple[Path, ...]:
    """The folders of bundles in which a name is looked for: the shipped ones come first."""
    return (BUNDLES_FOLDER, library().root)
