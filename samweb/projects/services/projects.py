"""Projects, and the counter that orders everything in them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from samweb.accounts.models import User
from samweb.accounts.services import audit
from samweb.core import clock, live
from samweb.core.errors import Forbidden, NotFound, PreconditionFailed
from samweb.projects import events, presentation
from samweb.projects.models import Membership, Project, Role
from samweb.projects.services.labels import label_create

FIELDS = ("name", "description", "bundle", "overlap_rule", "self_review")


@transaction.atomic
def project_create(
    *, actor: User, name: str, description: str = "", labels: list[dict[str, Any]] | None = None
) -> Project:
    """Make a project with its first labels; the maker owns it. Raises Forbidden, Rejected."""
    if not (actor.can_create_projects or actor.is_superuser):
        raise Forbidden(
            "The instance admin has not allowed you to make projects.", code="may_not_create"
        )
    project = Project.objects.create(name=name, description=description, created_by=actor)
    Membership.objects.create(project=project, user=actor, role=Role.OWNER)
    for fields in labels or []:
        label_create(project=project, actor=actor, **fields)
    audit("project.create", actor=actor, target=project, project=project.pk, name=name)
    project.refresh_from_db()
    return project


@transaction.atomic
def project_update(*, project: Project, actor: User, base_version: int, **changes: Any) -> Project:
    """Change settings. Raises PreconditionFailed, with the current `record`."""
    project = _locked(project, actor, base_version)
    redrawn = changes.get("bundle", project.bundle) != project.bundle
    for name in FIELDS:
        if name in changes:
            setattr(project, name, changes[name])
    project.version += 1
    project.save(update_fields=[*FIELDS, "version"])
    if redrawn:
        events.tell_bundle_changing(project, project.bundle)
    audit("project.update", actor=actor, target=project, project=project.pk, fields=sorted(changes))
    live.publish(project.pk, {"type": "project", "version": project.version})
    return project


@transaction.atomic
def project_delete(*, project: Project, actor: User, base_version: int) -> None:
    """Put a project away; only the purge removes its rows and files."""
    project = _locked(project, actor, base_version)
    project.deleted_at = clock.now()
    project.version += 1
    project.save(update_fields=["deleted_at", "version"])
    audit("project.delete", actor=actor, target=project, project=project.pk, name=project.name)


def _locked(project: Project, actor: User, base_version: int) -> Project:
    current = Project.objects.select_for_update().filter(
        pk=project.pk, deleted_at__isnull=True
    ).first()  # fmt: skip
    if current is None:
        raise NotFound()
    if current.version != base_version:
        raise PreconditionFailed(
            "Somebody has changed this project meanwhile.",
            record=presentation.project_json([current], actor)[0],
        )
    return current
