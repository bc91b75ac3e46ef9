"""The audit journal: appended, never edited."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from samweb.accounts.models import AuditEvent, User


def audit(
    action: str,
    *,
    actor: User | None,
    target: object = None,
    project: UUID | None = None,
    address: str | None = None,
    **detail: Any,
) -> AuditEvent:
    """Append who did what to whom. `target` is a row; `detail` must hold no secret."""
    return AuditEvent.objects.create(
        actor=actor,
        action=action,
        target_type=type(target).__name__ if target is not None else "",
        target=str(getattr(target, "pk", target) or ""),
        project=project,
        detail=detail,
        address=address or None,
    )
