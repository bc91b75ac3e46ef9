"""Asks for every embedding that is missing: after a new bundle, and when a worker starts."""

from __future__ import annotations

from typing import Any

from samweb.core.runs import ActiveRun
from samweb.embeddings.services import embedding_request_missing
from samweb.projects.models import Image

CHUNK = 200


def work(run: ActiveRun) -> dict[str, Any]:
    """Go through the images of one project, or of all, in the order of their ids."""
    images = Image.objects.filter(deleted_at__isnull=True, project__deleted_at__isnull=True)
    if run.payload["project"]:
        images = images.filter(project=run.payload["project"])
    failed = bool(run.payload.get("failed"))
    seen, asked, total, last = 0, 0, images.count(), None
    while True:
        run.checkpoint()
        rest = images.filter(id__gt=last) if last else images
        chunk = list(rest.order_by("id")[:CHUNK])
        if not chunk:
            return {"images": seen, "requested": asked}
        asked += embedding_request_missing(chunk, failed=failed)
        seen, last = seen + len(chunk), chunk[-1].id
        run.progress(seen, max(total, seen), f"{asked} embeddings asked for")
