"""The counter that orders everything in a project."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from samweb.core.errors import NotFound
from samweb.projects.models import Project


def next_seq(project: UUID) -> int:
    """Take the project's next number, inside the caller's transaction.

    The row stays locked until the transaction ends, so numbers become visible in their order and
    none is missing. Raises NotFound when the project is gone.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a seq is taken inside the transaction that uses it")
    live_row = Project.objects.filter(pk=project, deleted_at__isnull=True)
    if not live_row.update(seq=F("seq") + 1):
        raise NotFound()
    return int(Project.objects.values_list("seq", flat=True).get(pk=project))
