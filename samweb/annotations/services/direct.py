"""Single changes by scripts: the same operations, answered as HTTP knows it.

A conflict is 412 with the current record, a refusal 400, 403, 404 or 409 with its code.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from samweb.accounts.models import User
from samweb.annotations.models import Operation
from samweb.annotations.services.operations import operations_apply
from samweb.core import clock
from samweb.core.errors import ApiError, PreconditionFailed
from samweb.core.ids import uuid7
from samweb.projects.events import Edit
from samweb.projects.models import Image, Label, Project

STATUS = {
    "not_found": 404,
    "unknown_label": 404,
    "not_a_member": 404,
    "role_too_low": 403,
    "own_work": 403,
    "not_assigned": 403,
    "other_reviewer": 403,
    "locked": 409,
    "handed_in": 409,
    "id_reused": 409,
    "id_taken": 409,
    "already_in_job": 409,
    "nothing_left": 409,
    "label_exists": 409,
    "bad_move": 409,
    "has_rejected": 409,
    "missing_attributes": 409,
}


@transaction.atomic
def operation_apply(
    *, user: User, project: Project, kind: str, target: UUID, base_version: int,
    payload: dict[str, Any],
) -> int:  # fmt: skip
    """Apply one operation now; returns the target's new version. Raises ApiError."""
    operation = {
        "id": str(uuid7()), "kind": kind, "target": str(target), "base_version": base_version,
        "payload": payload, "source": "api",
    }  # fmt: skip
    results, _ = operations_apply(user=user, project=project, device="", operations=[operation])
    result = results[0]
    if result["status"] == "conflict":
        raise PreconditionFailed(
            "It has changed since the version you name.", record=result["record"]
        )
    if result["status"] == "rejected":
        code = result["code"]
        extra = {"objects": result["objects"]} if "objects" in result else {}
        raise ApiError(result["message"], code=code, status=STATUS.get(code, 400), **extra)
    return int(result["version"])


def edit_journalled(edit: Edit) -> None:
    """Append the operation of a change that `projects` made directly, in its transaction.

    The journal keeps the values as they were stored, so that replaying needs no rule.
    """
    from samweb.annotations.services.kinds import image, label

    family, _, action = edit.kind.partition(".")
    states: dict[str, Any] = {
        "label": lambda: label.state_of(Label.objects.get(pk=edit.target)),
        "image": lambda: image.state_of(Image.objects.get(pk=edit.target)),
    }
    state = states[family]() if action != "delete" else {}
    payload = state if action == "create" else {k: state[k] for k in edit.payload if k in state}
    Operation.objects.create(
        id=uuid7(), project_id=edit.project, seq=edit.seq, actor=edit.actor, kind=edit.kind,
        target=edit.target, base_version=edit.base_version, version=edit.version,
        payload=payload, source="direct", received=clock.now(),
    )  # fmt: skip
