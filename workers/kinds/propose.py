"""Everything in one image, ahead of the hand: asked for when somebody presses A in the editor."""

from __future__ import annotations

from typing import Any

from samweb.core.runs import ActiveRun, Refused
from samweb.embeddings.models import Bundle
from samweb.projects.models import Image
from workers.proposing import Proposer


def work(run: ActiveRun) -> dict[str, Any]:
    """Idempotent: the key says what the proposals must be."""
    image = Image.objects.filter(id=run.payload["image"], deleted_at__isnull=True).first()
    if image is None:
        raise Refused("The image was deleted.")
    bundle = Bundle.objects.filter(id=run.payload["bundle"]).first()
    if bundle is None:
        raise Refused("The bundle that was asked for is not registered any more.")

    def progress(done: int, total: int) -> None:
        run.checkpoint()
        run.progress(done, total)

    made = Proposer(bundle).propose(image, progress)
    return {"key": made.key, "count": made.count}
