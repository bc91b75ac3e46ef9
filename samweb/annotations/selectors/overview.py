"""The counts of a project: readiness, people's progress, what runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef

from samweb.annotations.models import Annotation, JobImage
from samweb.annotations.records import moment
from samweb.annotations.selectors.jobs import job_image_states
from samweb.core import clock
from samweb.core.models import WorkerPresence
from samweb.core.presentation import run_json
from samweb.embeddings import selectors as embeddings
from samweb.embeddings.models import Embedding
from samweb.projects.models import Image, Project

ALIVE = timedelta(seconds=60)
MOST_RUNS = 50
MOST_LOOKED_AT = 2000  # images without an embedding whose runs are looked up


def overview(project: Project) -> dict[str, Any]:
    """What the manager sees first, in a fixed number of queries."""
    seen = WorkerPresence.objects.order_by("-seen").values_list("seen", flat=True).first()
    runs = embeddings.runs_of(project.pk, active=True).order_by("-created")[:MOST_RUNS]
    return {
        "images": _readiness(project),
        "job_images": job_image_states(project),
        "annotations": Annotation.objects.filter(
            project=project, deleted_at__isnull=True, image__deleted_at__isnull=True
        ).count(),
        "runs_active": [run_json(run) for run in runs],
        "worker": {
            "seen_at": moment(seen),
            "alive": seen is not None and clock.now() - seen < ALIVE,
        },
        "seq": project.seq,
    }


def _readiness(project: Project) -> dict[str, int]:
    images = Image.objects.filter(project=project, deleted_at__isnull=True)
    total = images.count()
    bundle = embeddings.bundle_of(project)
    made = Embedding.objects.filter(
        bundle=bundle, pixels_sha256=OuterRef("pixels_sha256"), view=embeddings.FULL
    )
    missing = images.filter(~Exists(made))
    waiting = missing.count()
    states = embeddings.embedding_states(list(missing.order_by("id")[:MOST_LOOKED_AT]))
    failed = sum(state["state"] == "failed" for state in states.values())
    return {
        "total": total, "ready": total - waiting, "waiting": waiting - failed, "failed": failed,
    }  # fmt: skip


def work_counts(projects: Sequence[Project]) -> dict[UUID, dict[str, int]]:
    """Per project: annotations, images that have one, accepted images. For the list of projects."""
    live = Annotation.objects.filter(
        project__in=projects, deleted_at__isnull=True, image__deleted_at__isnull=True
    )
    drawn = live.order_by().values_list("project").annotate(
        n=Count("id"), images=Count("image", distinct=True)
    )  # fmt: skip
    done = JobImage.objects.filter(
        project__in=projects, deleted_at__isnull=True, image__deleted_at__isnull=True,
        state=JobImage.State.ACCEPTED,
    )  # fmt: skip
    counts = {project.pk: {"annotations": 0, "labelled": 0, "accepted": 0} for project in projects}
    for id, n, images in drawn:
        counts[id].update(annotations=n, labelled=images)
    for id, n in done.order_by().values_list("project").annotate(n=Count("image", distinct=True)):
        counts[id]["accepted"] = n
    return counts
