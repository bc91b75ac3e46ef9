"""What a worker does once when it starts: offer its bundles, ask for what is missing."""

from __future__ import annotations

import json
import logging

from samweb.embeddings import services
from samweb.embeddings.models import Bundle
from workers import encoder

log = logging.getLogger(__name__)


def bundles_offer() -> list[Bundle]:
    """Register the shipped bundles: files into the store, then rows."""
    offered = []
    for folder in encoder.shipped():
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            offered.append(services.bundle_register(manifest, folder))
        except (services.BadBundle, ValueError, OSError) as error:
            log.error("the bundle in %s cannot be offered: %s", folder.name, error)
    return offered


def begin() -> None:
    """Offer the bundles, then see to it that every image has its embedding."""
    if bundles_offer() or Bundle.objects.exists():
        services.embedding_request_all()
