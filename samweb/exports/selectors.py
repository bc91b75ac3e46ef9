"""Reads about exports: one scope, from which every other read begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from samweb.accounts.models import User
from samweb.accounts.selectors import person_json
from samweb.core.errors import Conflict, NotFound
from samweb.core.models import Run
from samweb.exports.models import Export
from samweb.projects.models import Project
from samweb.projects.selectors import LIVE_PROJECT, require_role

RUNNING_AT_ONCE = 2


def export_scope(user: User) -> QuerySet[Export]:
    """The exports that are not deleted, in the projects a person belongs to."""
    return Export.objects.filter(
        LIVE_PROJECT, deleted_at__isnull=True, project__memberships__user=user
    )


def exports_of(project: Project) -> QuerySet[Export]:
    """A project's exports that are not deleted."""
    return Export.objects.filter(project=project, deleted_at__isnull=True).select_related(
        "created_by"
    )


def export_get(user: User, id: UUID, least: str = "viewer") -> Export:
    """An export, with its project. Raises NotFound, and Forbidden for too low a role."""
    export = export_scope(user).select_related("project", "created_by").filter(pk=id).first()
    if export is None:
        raise NotFound()
    require_role(user, export.project, least)
    return export


def finished_get(user: User, id: UUID) -> Export:
    """An export whose file is there. Raises NotFound, and Conflict while it is being made."""
    export = export_get(user, id)
    if not export.sha256:
        raise Conflict("This export has no file yet.", code="not_ready")
    return export


def running_count(user: User) -> int:
    """How many exports of a person's are waiting or at work, in all projects."""
    return Run.objects.filter(kind="export", created_by=user.pk, state__in=Run.ACTIVE).count()


def blob_in_use(sha256: str) -> bool:
    """Whether an export that is not deleted has these bytes."""
    return Export.objects.filter(sha256=sha256, deleted_at__isnull=True).exists()


def export_json(exports: Sequence[Export]) -> list[dict[str, Any]]:
    """Exports as JSON; state and progress are those of their runs."""
    runs = Run.objects.in_bulk([export.run for export in exports if export.run])
    return [_export_json(export, runs.get(export.run)) for export in exports]


def _export_json(export: Export, run: Run | None) -> dict[str, Any]:
    state = "done" if export.sha256 else _state(run)
    return {
        "id": str(export.pk),
        "project": str(export.project_id),
        "format": export.format,
        "include": export.options.get("include", "accepted"),
        "labels": export.options.get("labels"),
        "images": bool(export.options.get("images")),
        "state": state,
        "progress": run.progress if run else {},
        "error": run.error if run and state == "failed" else "",
        "file_name": export.file_name,
        "bytes": export.bytes,
        "sha256": export.sha256,
        "snapshot_seq": export.snapshot_seq,
        "report": export.report,
        "url": f"/api/v1/exports/{export.pk}/file" if export.sha256 else None,
        "run": str(export.run) if export.run else None,
        "author": person_json(export.created_by),
        "created": export.created.isoformat(),
    }


def _state(run: Run | None) -> str:
    if run is None or run.state in (Run.State.DEAD, Run.State.DONE):
        return "failed"  # its run was purged, gave up, or ended without a file
    return str(run.state)
