"""job.create, update, delete: who gets which images."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from samweb.accounts.models import User
from samweb.annotations.models import Job, JobImage
from samweb.annotations.records import job_record
from samweb.annotations.services.checks import (
    Refused,
    Stale,
    flag,
    identifier,
    optional,
    read,
    text,
    whole,
)
from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.annotations.services.kinds.annotation import layer_checked
from samweb.core.ids import uuid7
from samweb.projects.models import RANK, Image, Membership

MOST_IMAGES = 20_000


def _identifiers(value: Any) -> list[str]:
    if not isinstance(value, list) or not value or len(value) > MOST_IMAGES:
        raise Refused(f"must be a list of 1 to {MOST_IMAGES} image ids.")
    return [identifier(one) for one in value]


FIELDS = {
    "name": text(200, blank=False),
    "instructions": text(20_000),
    "assignee": optional(identifier),
    "reviewer": optional(identifier),
}
CREATE = {
    **FIELDS,
    "layer": layer_checked,
    "images": _identifiers,
    "all_unassigned": flag,
    "count": whole(1, MOST_IMAGES),
}


def create(w: Writing, op: Incoming) -> Done:
    """Hand out images: the named ones, all that are in no job, or so many of those."""
    w.require("manager")
    fields = read(op.payload, CREATE, "name")
    if w.taken(Job, op):
        existing = _row(w, op.target)
        raise Stale(job_record(existing) if existing else None)
    job = Job(
        id=op.target, project=w.project, name=fields["name"], created_by=w.user, version=1,
        instructions=fields.get("instructions", ""), layer=fields.get("layer", "main"),
        assignee=_member(w, fields.get("assignee"), "annotator"),
        reviewer=_member(w, fields.get("reviewer"), "reviewer"),
        seq=w.seq, created=w.received,
    )  # fmt: skip
    images = _chosen(w, fields, job.layer)
    job.save(force_insert=True)
    rows = [
        JobImage(
            id=uuid7(), project=w.project, job=job, image_id=image, layer=job.layer,
            position=position, version=1, seq=w.seq, created=w.received,
        )
        for position, image in enumerate(images)
    ]  # fmt: skip
    JobImage.objects.bulk_create(rows, batch_size=500)
    w.forget()
    handed_out = [[str(row.id), str(row.image_id)] for row in rows]
    return Done(1, {**state_of(job), "layer": job.layer, "job_images": handed_out})


def update(w: Writing, op: Incoming) -> Done:
    """Rename a job or give it to somebody else."""
    w.require("manager")
    fields = read(op.payload, FIELDS)
    job = _current(w, op)
    if "assignee" in fields:
        job.assignee = _member(w, fields["assignee"], "annotator")
    if "reviewer" in fields:
        job.reviewer = _member(w, fields["reviewer"], "reviewer")
    job.name = fields.get("name", job.name)
    job.instructions = fields.get("instructions", job.instructions)
    _touch(w, job)
    state = state_of(job)
    return Done(job.version, {name: state[name] for name in fields})


def delete(w: Writing, op: Incoming) -> Done:
    """Take a job back: its images can be handed out again; what was drawn stays."""
    w.require("manager")
    read(op.payload, {})
    job = _current(w, op)
    job.deleted_at = w.received
    _touch(w, job)
    JobImage.objects.filter(job=job, deleted_at__isnull=True).update(
        deleted_at=w.received, seq=w.seq
    )
    w.forget()
    return Done(job.version, {})


def _row(w: Writing, identifier: UUID) -> Job | None:
    rows = Job.objects.select_related("project", "assignee", "reviewer")
    return rows.filter(id=identifier, project=w.project).first()


def _current(w: Writing, op: Incoming) -> Job:
    job = _row(w, op.target)
    if job is None:
        raise Refused("There is no such job in this project.", "not_found")
    if job.version != op.base_version or job.deleted_at:
        raise Stale(job_record(job))
    return job


def _member(w: Writing, identifier: str | None, least: str) -> User | None:
    if identifier is None:
        return None
    found = (
        Membership.objects.select_related("user")
        .filter(project=w.project, user_id=identifier)
        .first()
    )
    if found is None:
        raise Refused("This person is not a member of the project.", "not_a_member")
    if RANK[found.role] < RANK[least]:
        raise Refused(f"{found.user} is a {found.role}; this needs {least}.", "role_too_low")
    return found.user


def _chosen(w: Writing, fields: dict[str, Any], layer: str) -> list[UUID]:
    ways = [name for name in ("images", "all_unassigned", "count") if fields.get(name)]
    if len(ways) != 1:
        raise Refused("Say which images: images, all_unassigned or count.")
    free = Image.objects.filter(project=w.project, deleted_at__isnull=True).exclude(
        id__in=JobImage.objects.filter(
            project=w.project, layer=layer, deleted_at__isnull=True
        ).exclude(state=JobImage.State.SKIPPED).values("image_id")
    )  # fmt: skip
    free = free.order_by("position", "id")
    if ways == ["images"]:
        wanted = list(dict.fromkeys(UUID(one) for one in fields["images"]))
        return _named(w, wanted, set(free.values_list("id", flat=True)))
    most = fields["count"] if ways == ["count"] else MOST_IMAGES
    chosen = list(free.values_list("id", flat=True)[:most])
    if not chosen:
        raise Refused("Every image of this project is in a job already.", "nothing_left")
    return chosen


def _named(w: Writing, wanted: list[UUID], free: set[UUID]) -> list[UUID]:
    known = set(
        Image.objects.filter(project=w.project, deleted_at__isnull=True).values_list(
            "id", flat=True
        )
    )
    if not known.issuperset(wanted):
        raise Refused("One of the images is not in this project.", "not_found")
    if taken := [one for one in wanted if one not in free]:
        raise Refused(f"{len(taken)} of the images are in a job already.", "already_in_job")
    return wanted


def _touch(w: Writing, job: Job) -> None:
    job.version += 1
    job.seq = w.seq
    job.save()


def state_of(row: Job) -> dict[str, Any]:
    """Everything an operation can set later, as JSON."""
    return {
        "name": row.name,
        "instructions": row.instructions,
        "assignee": str(row.assignee_id) if row.assignee_id else None,
        "reviewer": str(row.reviewer_id) if row.reviewer_id else None,
    }


KINDS = {"job.create": create, "job.update": update, "job.delete": delete}
