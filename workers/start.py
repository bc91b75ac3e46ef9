"""What a worker does once when it starts: offer its bundles, ask for what is missing."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from samweb.embeddings import services
from samweb.embeddings.models import Bundle
from workers import encoder
from workers.places import library
from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.importing import check_graphs

log = logging.getLogger(__name__)


class _Seen:
    """The imported folders as they were when they were last offered (path -> newest change), and
    the names of all bundles that this worker has offered."""

    folders: dict[Path, float] = {}
    offered: set[str] = set()


def bundles_offer() -> list[Bundle]:
    """Register the shipped and the imported bundles: files into the store, then rows."""
    _Seen.folders = _as_they_are()
    found = [_offer(folder, ours=True) for folder in encoder.shipped()]
    found += [_offer(folder, ours=False) for folder in _Seen.folders]
    return [bundle for bundle in found if bundle is not None]


def bundles_offer_news() -> list[Bundle]:
    """Register what has come into the folder of imported bundles since the last look."""
    now = _as_they_are()
    fresh = [folder for folder, changed in now.items() if _Seen.folders.get(folder) != changed]
    _Seen.folders = now
    found = [_offer(folder, ours=False) for folder in fresh]
    return [bundle for bundle in found if bundle is not None]


def _as_they_are() -> dict[Path, float]:
    return {
        folder: max(path.stat().st_mtime for path in folder.iterdir())
        for folder in library().folders()
    }


def _offer(folder: Path, *, ours: bool) -> Bundle | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        known = Bundle.objects.filter(id=services.bundle_id(manifest)).exists()
        if not (ours or known):  # somebody may have put the folder there by hand
            services.manifest_check(manifest)
            check_graphs(folder, manifest)
        bundle = services.bundle_register(manifest, folder)
        _Seen.offered.add(bundle.name)
        return bundle
    except (services.BadBundle, CheckpointError, ValueError, OSError) as error:
        log.error("the bundle in %s cannot be offered: %s", folder.name, error)
        return None


def offered() -> list[str]:
    """The names of the bundles that this worker has offered, for the overview."""
    return sorted(_Seen.offered)


def begin() -> None:
    """Offer the bundles, then see to it that every image has its embedding."""
    if bundles_offer() or Bundle.objects.exists():
        services.embedding_request_all()
