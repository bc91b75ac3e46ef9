"""Reads of jobs and of the images in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from samweb.accounts.models import User
from samweb.annotations.models import Annotation, Job, JobImage
from samweb.annotations.records import Record, job_image_record
from samweb.core.errors import NotFound
from samweb.projects import selectors as projects
from samweb.projects.models import Project
from samweb.projects.presentation import image_json

LIVE_JOB = Q(project__deleted_at__isnull=True, deleted_at__isnull=True)


def job_scope(user: User) -> QuerySet[Job]:
    """The jobs of the projects a person belongs to."""
    return Job.objects.filter(LIVE_JOB, project__memberships__user=user)


def job_image_scope(user: User) -> QuerySet[JobImage]:
    """The images in jobs of the projects a person belongs to."""
    return JobImage.objects.filter(
        LIVE_JOB, image__deleted_at__isnull=True, project__memberships__user=user
    )


def job_get(user: User, id: UUID, least: str = "viewer") -> Job:
    """A job with its people and project. Raises NotFound, Forbidden."""
    row = job_scope(user).select_related("project", "assignee", "reviewer").filter(pk=id).first()
    if row is None:
        raise NotFound()
    projects.require_role(user, row.project_id, least)
    return row


def jobs_of(project: Project) -> QuerySet[Job]:
    """The jobs of a project."""
    rows = Job.objects.filter(project=project, deleted_at__isnull=True)
    return rows.select_related("project", "assignee", "reviewer")


def my_jobs(user: User) -> QuerySet[Job]:
    """The jobs assigned to a person."""
    rows = job_scope(user).filter(assignee=user)
    return rows.select_related("project", "assignee", "reviewer")


def counted(jobs: list[Job]) -> list[Job]:
    """The jobs with `counts`, how many of their images are in which state; one query for all."""
    states = JobImage.objects.filter(
        job__in=jobs, deleted_at__isnull=True, image__deleted_at__isnull=True
    )
    found = states.order_by().values_list("job_id", "state").annotate(n=Count("id"))
    for job in jobs:
        job.counts = {}  # type: ignore[attr-defined]
    by_id = {job.pk: job for job in jobs}
    for job_id, state, n in found:
        by_id[job_id].counts[state] = n  # type: ignore[attr-defined]
    return jobs


def job_images_of(job: Job) -> QuerySet[JobImage]:
    """The images of a job, in order."""
    rows = JobImage.objects.filter(job=job, deleted_at__isnull=True, image__deleted_at__isnull=True)
    return with_objects(rows).select_related("image")


def job_image_get(user: User, id: UUID) -> JobImage:
    """One image of a job. Raises NotFound."""
    rows = with_objects(job_image_scope(user)).select_related("image", "job", "project")
    row = rows.filter(pk=id).first()
    if row is None:
        raise NotFound()
    return row


def with_objects(rows: QuerySet[JobImage]) -> QuerySet[JobImage]:
    """Along with `objects_count`, the live objects on the image's layer."""
    objects = (
        Annotation.objects.filter(
            image=OuterRef("image_id"), layer=OuterRef("layer"), deleted_at__isnull=True
        )
        .order_by()
        .values("image")
        .annotate(n=Count("id"))
        .values("n")
    )
    return rows.annotate(objects_count=Coalesce(Subquery(objects, output_field=IntegerField()), 0))


def job_image_records(rows: Iterable[JobImage]) -> list[Record]:
    """Records with their whole images, fetched together."""
    listed = list(rows)
    images = image_json([row.image for row in listed])
    return [job_image_record(row, image) for row, image in zip(listed, images, strict=True)]


def job_image_states(project: Project) -> dict[str, int]:
    """How many images of jobs are in which state, every state named."""
    counts: dict[str, int] = dict.fromkeys(JobImage.State.values, 0)
    rows = JobImage.objects.filter(
        project=project, deleted_at__isnull=True, image__deleted_at__isnull=True
    )
    found: Any = rows.order_by().values_list("state").annotate(n=Count("id"))
    counts.update(dict(found))
    return counts
