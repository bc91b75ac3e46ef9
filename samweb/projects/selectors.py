"""Reads about projects: one scope per model, from which every other read begins.

Whatever is not in the scope of a person does not exist for them: foreign = missing = 404.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from samweb.accounts.models import User
from samweb.core.errors import Forbidden, NotFound
from samweb.projects.models import RANK, Image, Label, Membership, Project

LIVE_PROJECT = Q(project__deleted_at__isnull=True)


def project_scope(user: User) -> QuerySet[Project]:
    """The projects a person belongs to. The instance admin has no other ones."""
    return Project.objects.filter(deleted_at__isnull=True, memberships__user=user)


def membership_scope(user: User) -> QuerySet[Membership]:
    """The memberships in the projects a person belongs to."""
    return Membership.objects.filter(LIVE_PROJECT, project__memberships__user=user)


def label_scope(user: User) -> QuerySet[Label]:
    """The labels that are not deleted, in the projects a person belongs to."""
    return Label.objects.filter(
        LIVE_PROJECT, deleted_at__isnull=True, project__memberships__user=user
    )


def image_scope(user: User) -> QuerySet[Image]:
    """The images that are not deleted, in the projects a person belongs to."""
    return Image.objects.filter(
        LIVE_PROJECT, deleted_at__isnull=True, project__memberships__user=user
    )


def role_of(user: User, project: Project | UUID) -> str | None:
    """A person's role in a project, or None."""
    id = project.pk if isinstance(project, Project) else project
    roles = Membership.objects.filter(LIVE_PROJECT, project_id=id, user=user)
    return roles.values_list("role", flat=True).first()


def roles_of(user: User, projects: Iterable[Project]) -> dict[UUID, str]:
    """A person's role in each of these projects."""
    rows = Membership.objects.filter(project__in=list(projects), user=user)
    return dict(rows.values_list("project_id", "role"))


def require_role(user: User, project: Project | UUID, least: str) -> str:
    """The person's role. Raises NotFound for strangers and Forbidden for too low a role."""
    role = role_of(user, project)
    if role is None:
        raise NotFound()
    if RANK[role] < RANK[least]:
        raise Forbidden(f"This needs the role {least} here; yours is {role}.", code="role_too_low")
    return role


def project_get(user: User, id: UUID, least: str = "viewer") -> Project:
    """A project in which the person has at least this role. Raises NotFound, Forbidden."""
    project = project_scope(user).filter(pk=id).first()
    if project is None:
        raise NotFound()
    require_role(user, project, least)
    return project


def image_get(user: User, id: UUID, least: str = "viewer") -> Image:
    """An image, with its project. Raises NotFound, and Forbidden for too low a role."""
    image = image_scope(user).select_related("project").filter(pk=id).first()
    if image is None:
        raise NotFound()
    require_role(user, image.project, least)
    return image


def label_get(user: User, id: UUID, least: str = "viewer") -> Label:
    """A label that is not deleted. Raises NotFound, and Forbidden for too low a role."""
    label = label_scope(user).select_related("project").filter(pk=id).first()
    if label is None:
        raise NotFound()
    require_role(user, label.project, least)
    return label


def labels_of(project: Project) -> QuerySet[Label]:
    """A project's labels that are not deleted, in their order."""
    return Label.objects.filter(project=project, deleted_at__isnull=True).order_by("order", "id")


def membership_get(user: User, id: UUID) -> Membership:
    """A membership in a project of the person's. Raises NotFound."""
    rows = membership_scope(user).select_related("project", "user")
    membership = rows.filter(pk=id).first()
    if membership is None:
        raise NotFound()
    return membership


def members_of(project: Project) -> QuerySet[Membership]:
    """Who belongs to a project."""
    return Membership.objects.filter(project=project).select_related("user")


def images_of(project: Project, *, folder: str | None = None, search: str = "") -> QuerySet[Image]:
    """A project's images that are not deleted. `folder` takes sub-folders along."""
    images = Image.objects.filter(project=project, deleted_at__isnull=True)
    if folder:
        images = images.filter(Q(folder=folder) | Q(folder__startswith=f"{folder}/"))
    if search:
        images = images.filter(Q(name__icontains=search) | Q(folder__icontains=search))
    return images


def image_twin(project: Project, original_sha256: str, folder: str, name: str) -> Image | None:
    """The image that came from the same bytes under the same name, or None."""
    return Image.objects.filter(
        project=project, original_sha256=original_sha256, folder=folder, name=name,
        deleted_at__isnull=True,
    ).first()  # fmt: skip


def image_counts(projects: Iterable[Project]) -> dict[UUID, int]:
    """How many images each project has."""
    rows = Image.objects.filter(project__in=list(projects), deleted_at__isnull=True)
    counted = rows.order_by().values("project_id").annotate(n=Count("id"))
    return {row["project_id"]: row["n"] for row in counted}
