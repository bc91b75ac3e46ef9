"""The proposals of a project's images, or of one job's, image by image in the order of their ids.

What was made stays made, so a worker that is killed costs the image in hand and no more: the next
one finds the others there and goes on.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from samweb.annotations.models import Job, JobImage
from samweb.core.runs import ActiveRun, Refused
from samweb.embeddings import selectors
from samweb.projects.models import Image, Project
from workers.proposing import Proposer

MOST_NAMED = 20  # images that could not be worked on, by name in the result


def work(run: ActiveRun) -> dict[str, Any]:
    """Walk the images; those that are refused are named in the result, the others go on."""
    project = Project.objects.filter(id=run.payload["project"], deleted_at__isnull=True).first()
    if project is None:
        raise Refused("The project was deleted.")
    bundle = selectors.bundle_of(project)
    if bundle is None:
        raise Refused("No worker has offered a model yet.")
    images = _images(run, project)
    proposer, total = Proposer(bundle), images.count()
    done, masks, refused = 0, 0, []
    where = _where(run)

    def progress(_done: int, _total: int) -> None:
        run.checkpoint()

    last = None
    while image := (images.filter(id__gt=last) if last else images).order_by("id").first():
        run.checkpoint()
        try:
            masks += proposer.propose(image, progress).count
        except Refused as refusal:
            refused.append(f"{image.name}: {refusal}")
        last, done = image.id, done + 1
        run.progress(done, max(total, done), f"{where}{masks} masks")
    return {"images": done, "masks": masks, "refused": len(refused), "why": refused[:MOST_NAMED]}


def _where(run: ActiveRun) -> str:
    """Whose images these are, for those who see several walks at once."""
    job = Job.objects.filter(id=run.payload["job"]).first() if run.payload["job"] else None
    return f"{job.name}: " if job else ""


def _images(run: ActiveRun, project: Project) -> QuerySet[Image]:
    images = Image.objects.filter(project=project, deleted_at__isnull=True)
    if run.payload["job"]:
        listed = JobImage.objects.filter(job=run.payload["job"], deleted_at__isnull=True)
        images = images.filter(id__in=listed.values("image"))
    return images
