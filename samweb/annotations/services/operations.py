"""Stage 7 of the flow, save: `POST /projects/{id}/operations` -> `operations_apply`.

The one write path of everything people may argue about. Operations are idempotent by id,
versioned by their target, numbered by a per-project `seq` taken inside the transaction, and
journalled next to the change they make; `replay` proves the one from the other.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from samweb.accounts.models import User
from samweb.annotations.models import Operation
from samweb.annotations.services.checks import Refused, Stale
from samweb.annotations.services.incoming import Incoming, Writing, incoming_of
from samweb.annotations.services.kinds import HANDLERS
from samweb.core import live
from samweb.core.errors import NotFound
from samweb.projects import selectors as projects
from samweb.projects.models import Project

log = logging.getLogger(__name__)

MOST_OPERATIONS = 100
Result = dict[str, Any]


@dataclass
class Batch:
    """What the operations of one batch have to know of each other."""

    known: dict[UUID, Operation]  # ids that are in the journal of this project
    held: dict[UUID, dict[str, Any] | None]  # objects with a conflict, and what they are now


@transaction.atomic
def operations_apply(
    *, user: User, project: Project, device: str, operations: list[Any]
) -> tuple[list[Result], int]:
    """Apply a batch, each operation in its own savepoint; answers in order, and the seq now.

    Each result is `{"id", "status"}` with status applied, duplicate (applied before: seq and
    version of then), conflict (`record` is the object now) or rejected (`code`, `message`). After
    a conflict, later operations on the same object conflict too; all others go on. Raises
    NotFound and Forbidden when the person may not write here (any more).
    """
    project = _locked(project)
    role = projects.require_role(user, project, "annotator")
    w = Writing(user=user, project=project, role=role, device=device, seq=project.seq)
    batch = Batch(known=_known(project, operations), held={})
    results = [_one(w, batch, data) for data in operations]
    if w.seq != project.seq:
        Project.objects.filter(pk=project.pk).update(seq=w.seq)
        live.publish(project.pk, {"type": "seq", "seq": w.seq})
    return results, w.seq


def _locked(project: Project) -> Project:
    """The project with its row locked: one writer at a time, so seq has no gaps and no races.

    On SQLite the transaction itself is IMMEDIATE, which comes to the same.
    """
    row = Project.objects.select_for_update().filter(pk=project.pk, deleted_at__isnull=True).first()
    if row is None:
        raise NotFound()
    return row


def _known(project: Project, operations: list[Any]) -> dict[UUID, Operation]:
    ids = []
    for data in operations:
        try:
            ids.append(UUID(data["id"]))
        except (TypeError, KeyError, ValueError, AttributeError):
            continue  # answered one by one below
    return {row.id: row for row in Operation.objects.filter(id__in=ids, project=project)}


def _one(w: Writing, batch: Batch, data: Any) -> Result:
    said = data.get("id") if isinstance(data, dict) else None
    echo = isinstance(said, str) and said.isascii() and len(said) <= 64
    identifier = said if echo else None
    try:
        op = incoming_of(data)
        return {"id": identifier, **_apply(w, batch, op)}
    except Refused as refusal:
        return {
            "id": identifier, "status": "rejected", "code": refusal.code,
            "message": refusal.message,
            **({"objects": refusal.objects} if refusal.objects else {}),
        }  # fmt: skip


def _apply(w: Writing, batch: Batch, op: Incoming) -> Result:
    if before := batch.known.get(op.id):
        return _again(w, before, op)
    if op.target in batch.held:
        return {"status": "conflict", "record": batch.held[op.target]}
    handler = HANDLERS.get(op.kind)
    if handler is None:
        raise Refused(f"There is no operation {op.kind!r}.", "unknown_kind")
    seq = w.seq
    w.seq += 1
    try:
        with transaction.atomic():
            done = handler(w, op)
            batch.known[op.id] = w.record(op, done)
    except Stale as stale:
        w.seq = seq
        w.forget()
        batch.held[op.target] = stale.record
        return {"status": "conflict", "record": stale.record}
    except Refused:
        w.seq = seq
        w.forget()
        raise
    except (IntegrityError, DataError) as error:
        # The id is taken in a project that the sender may not know of; or a value that no check
        # foresaw, and one poisoned operation must not hold up those behind it.
        w.seq = seq
        w.forget()
        if Operation.objects.filter(id=op.id).exists():
            raise Refused("This id is taken. Make a new one.", "id_reused") from None
        log.exception("operation %s %s refused by the database", op.kind, op.id, exc_info=error)
        raise Refused("The database cannot store this.", "not_storable") from None
    return {"status": "applied", "seq": w.seq, "version": done.version}


def _again(w: Writing, before: Operation, op: Incoming) -> Result:
    """An id that is in the journal: the same edit sent twice, or an id used for two edits."""
    if before.actor_id != w.user.pk or before.digest != op.digest:
        raise Refused("This id was used for another operation. Make a new one.", "id_reused")
    return {"status": "duplicate", "seq": before.seq, "version": before.version}
