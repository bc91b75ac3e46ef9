"""Stage 8 of the flow, share: what has changed since a seq. Closes every gap the socket leaves."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Model, QuerySet

from samweb.annotations.models import Annotation, Comment, Job, JobImage
from samweb.annotations.records import (
    annotation_record,
    comment_record,
    job_image_record,
    job_record,
)
from samweb.annotations.selectors.annotations import with_record
from samweb.annotations.selectors.jobs import with_objects
from samweb.core.errors import Conflict
from samweb.projects.models import Image, Label, Project
from samweb.projects.presentation import image_json, label_json


def changes_since(project: Project, since: int, limit: int) -> dict[str, Any]:
    """The rows whose last change came after `since`, as they are now; deleted ones say so.

    At most about `limit` rows: `more` says that there is more after the answer's `seq`. Rows of
    one operation are never split. Raises Conflict (`seq_ahead`) when this server has not reached
    `since`: it was restored from a backup, and the reader starts again.
    """
    seq = Project.objects.values_list("seq", flat=True).get(pk=project.pk)
    if since > seq:
        raise Conflict(
            f"This project is at seq {seq}, before {since}: it was restored. Load it again.",
            code="seq_ahead",
            seq=seq,
        )
    reached, more = _reach(project, since, seq, limit)

    def rows(model: type[Model]) -> QuerySet[Any]:
        found = model._default_manager.filter(project=project, seq__gt=since, seq__lte=reached)
        return found.order_by("seq", "id")

    job_images = list(with_objects(rows(JobImage)).select_related("image"))
    images = {record["id"]: record for record in image_json([row.image for row in job_images])}
    return {
        "seq": reached,
        "more": more,
        "annotations": [annotation_record(row) for row in with_record(rows(Annotation))],
        "comments": [comment_record(row) for row in rows(Comment).select_related("author")],
        "job_images": [job_image_record(row, images[str(row.image_id)]) for row in job_images],
        "labels": [label_json(row) for row in rows(Label)],
        "jobs": [
            job_record(row) for row in rows(Job).select_related("project", "assignee", "reviewer")
        ],
        "images": image_json(list(rows(Image))),
    }


def _reach(project: Project, since: int, seq: int, limit: int) -> tuple[int, bool]:
    """Up to which seq one answer goes."""
    numbers: list[int] = []
    for model in (Annotation, Comment, JobImage, Label, Job, Image):
        found = model._default_manager.filter(project=project, seq__gt=since, seq__lte=seq)
        ordered = found.order_by(F("seq").asc()).values_list("seq", flat=True)
        numbers += ordered[: limit + 1]
    if len(numbers) <= limit:
        return seq, False
    reached = sorted(numbers)[limit - 1]
    return reached, reached < seq
