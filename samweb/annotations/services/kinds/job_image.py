"""job_image.move: the state of an image in a job, by the one table of moves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F

from samweb.annotations.models import Annotation, JobImage, Verdict
from samweb.annotations.moves import MOVES, By, moves_from
from samweb.annotations.records import job_image_record, moment
from samweb.annotations.services.attributes import refuse_incomplete
from samweb.annotations.services.checks import Refused, Stale, flag, one_of, read, text
from samweb.annotations.services.incoming import Done, Incoming, Writing

S = JobImage.State
FIELDS = {"to": one_of(*S.values), "note": text(5000), "nothing_to_label": flag}


def move(w: Writing, op: Incoming) -> Done:
    """Take an image of a job from one state to the next."""
    w.require("annotator")
    fields = read(op.payload, FIELDS, "to")
    row = _current(w, op)
    to = fields["to"]
    by = MOVES.get((row.state, to))
    if by is None:
        ways = ", ".join(moves_from(row.state)) or "nowhere"
        raise Refused(f"An image that is {row.state} can go to {ways}, not {to}.", "bad_move")
    ALLOWED[by](w, row)
    if to == S.SUBMITTED and row.state != S.IN_REVIEW:
        _submit(w, row, fields.get("nothing_to_label", False))
    elif fields.get("nothing_to_label"):
        raise Refused("nothing_to_label is said when submitting.")
    if to == S.ACCEPTED:
        _refuse_rejected(row)
    if by is By.REVIEWER:
        row.reviewer = w.user
        row.reviewed_at = w.received
    row.state = to
    row.note = fields.get("note", "")
    row.version += 1
    row.seq = w.seq
    row.save()
    w.forget()
    return Done(row.version, state_of(row))


def _current(w: Writing, op: Incoming) -> JobImage:
    row = (
        JobImage.objects.select_related("job")
        .filter(id=op.target, project=w.project, deleted_at__isnull=True)
        .first()
    )
    if row is None:
        raise Refused("There is no such image in a job of this project.", "not_found")
    w.image(str(row.image_id))
    if row.version != op.base_version:
        raise Stale(job_image_record(row))
    return row


def _may_work(w: Writing, row: JobImage) -> None:
    if row.job.assignee_id not in (w.user.pk, None) and not w.has("manager"):
        raise Refused("This work is assigned to somebody else.", "not_assigned")


def _may_review(w: Writing, row: JobImage) -> None:
    w.require("reviewer")
    if w.user.pk in (row.submitter_id, row.job.assignee_id) and not w.project.self_review:
        raise Refused("This is your own work: somebody else reviews it.", "own_work")
    chosen = row.reviewer_id or row.job.reviewer_id
    if chosen not in (w.user.pk, None) and not w.has("manager"):
        raise Refused("Another reviewer has this image.", "other_reviewer")


def _may_reopen(w: Writing, row: JobImage) -> None:
    w.require("reviewer")


ALLOWED = {By.WORKER: _may_work, By.REVIEWER: _may_review, By.ANY_REVIEWER: _may_reopen}


def _submit(w: Writing, row: JobImage, nothing: bool) -> None:
    objects = Annotation.objects.filter(
        image_id=row.image_id, layer=row.layer, deleted_at__isnull=True
    ).exists()
    if objects and nothing:
        raise Refused("There are objects on this image.", "not_empty")
    if not objects and not nothing:
        raise Refused(
            "There is no object on this image. Say nothing_to_label if that is right.", "empty"
        )
    refuse_incomplete(row)
    row.nothing_to_label = nothing
    row.submitter = w.user
    row.submitted_at = w.received


def _refuse_rejected(row: JobImage) -> None:
    rejected = Verdict.objects.filter(
        annotation__image_id=row.image_id, annotation__layer=row.layer,
        annotation__deleted_at__isnull=True, verdict=Verdict.Value.REJECTED,
        annotation_version=F("annotation__version"),
    ).count()  # fmt: skip
    if rejected:
        raise Refused(
            f"{rejected} object(s) on this image are rejected. Return the image, or change the "
            "verdict.",
            "has_rejected",
        )


def state_of(row: JobImage) -> dict[str, Any]:
    """Everything a move can set, as JSON."""

    def name(value: UUID | None) -> str | None:
        return str(value) if value else None

    return {
        "state": str(row.state),
        "note": row.note,
        "nothing_to_label": row.nothing_to_label,
        "submitter": name(row.submitter_id),
        "reviewer": name(row.reviewer_id),
        "submitted_at": moment(row.submitted_at),
        "reviewed_at": moment(row.reviewed_at),
    }


KINDS = {"job_image.move": move}
