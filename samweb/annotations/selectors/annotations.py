"""Reads of annotations, their history, and the comments on an image."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from samweb.accounts.models import User
from samweb.annotations.models import Annotation, Comment, Operation
from samweb.core.errors import NotFound
from samweb.projects import selectors as projects
from samweb.projects.models import Image, Project

LIVE = Q(project__deleted_at__isnull=True, image__deleted_at__isnull=True)


def annotation_scope(user: User) -> QuerySet[Annotation]:
    """The annotations of the projects a person belongs to, deleted ones included."""
    return Annotation.objects.filter(LIVE, project__memberships__user=user)


def comment_scope(user: User) -> QuerySet[Comment]:
    """The comments of the projects a person belongs to, deleted ones included."""
    return Comment.objects.filter(LIVE, project__memberships__user=user)


def with_record(rows: QuerySet[Annotation]) -> QuerySet[Annotation]:
    """Along with everything `annotation_record` shows, in one query."""
    return rows.select_related("mask", "author", "verdict__reviewer")


def drawn_with(bundle: str) -> int:
    """How many objects have a recipe that names this bundle (an id); reads every row."""
    rows = Annotation.objects.filter(deleted_at__isnull=True)
    text = Cast("recipe", TextField())
    return rows.annotate(recipe_text=text).filter(recipe_text__contains=bundle).count()


def annotation_get(user: User, id: UUID, least: str = "viewer") -> Annotation:
    """An annotation with its record and project. Raises NotFound, Forbidden."""
    rows = with_record(annotation_scope(user)).select_related("project", "image")
    row = rows.filter(pk=id).first()
    if row is None:
        raise NotFound()
    projects.require_role(user, row.project_id, least)
    return row


def annotations_of(image: Image, layer: str) -> QuerySet[Annotation]:
    """The objects on an image, from back to front."""
    rows = Annotation.objects.filter(image=image, layer=layer, deleted_at__isnull=True)
    return with_record(rows).order_by("order_key", "created", "id")


def annotations_in(project: Project, *, label: UUID | None = None) -> QuerySet[Annotation]:
    """All live objects of a project."""
    rows = Annotation.objects.filter(
        project=project, deleted_at__isnull=True, image__deleted_at__isnull=True
    )
    return with_record(rows.filter(label=label) if label else rows)


def history_of(annotation: Annotation) -> QuerySet[Operation]:
    """Every operation on an object, oldest first."""
    rows = Operation.objects.filter(target=annotation.pk, project=annotation.project_id)
    return rows.select_related("actor").order_by("seq")


def comment_get(user: User, id: UUID) -> Comment:
    """A live comment with its project. Raises NotFound."""
    rows = comment_scope(user).select_related("author", "project")
    row = rows.filter(pk=id, deleted_at__isnull=True).first()
    if row is None:
        raise NotFound()
    return row


def comments_of(image: Image) -> QuerySet[Comment]:
    """The comments on an image that are not deleted."""
    rows = Comment.objects.filter(image=image, deleted_at__isnull=True)
    return rows.select_related("author")
