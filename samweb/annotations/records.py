"""Rows as the JSON of the wire. No queries: `selectors` fetch what is needed along with the row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from samweb.accounts.models import User
from samweb.annotations.models import (
    Annotation,
    Comment,
    Job,
    JobImage,
    Mask,
    Operation,
    Verdict,
)

Record = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the microsecond."""
    return value.isoformat().replace("+00:00", "Z") if value else None


def person(user: User | None) -> Record | None:
    """Who: id and the name to show. None for an account that was removed."""
    return {"id": str(user.id), "name": str(user)} if user else None


def mask_record(mask: Mask) -> Record:
    """Size [h, w], compressed counts, and the server's own area and box."""
    return {
        "size": [mask.height, mask.width],
        "counts": mask.counts,
        "area": mask.area,
        "bbox": mask.bbox,
        "sha256": mask.sha256,
    }


def verdict_record(verdict: Verdict) -> Record:
    return {
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "note": verdict.note,
        "reviewer": person(verdict.reviewer),
        "annotation_version": verdict.annotation_version,
        "at": moment(verdict.at),
    }


def annotation_record(row: Annotation) -> Record:
    """One object. Needs mask, author and verdict with its reviewer fetched along."""
    verdict = getattr(row, "verdict", None)
    return {
        "id": str(row.id),
        "image": str(row.image_id),
        "layer": row.layer,
        "label": str(row.label_id) if row.label_id else None,
        "mask": mask_record(row.mask),
        "recipe": row.recipe or None,
        "attributes": row.attributes,
        "track": str(row.track) if row.track else None,
        "iscrowd": row.iscrowd,
        "order_key": row.order_key,
        "version": row.version,
        "seq": row.seq,
        "author": person(row.author),
        "deleted": row.deleted_at is not None,
        "verdict": verdict_record(verdict) if verdict else None,
        "created": moment(row.created),
        "updated": moment(row.updated),
    }


def comment_record(row: Comment) -> Record:
    """One remark. Needs the author fetched along."""
    return {
        "id": str(row.id),
        "image": str(row.image_id),
        "annotation": str(row.annotation_id) if row.annotation_id else None,
        "parent": str(row.parent_id) if row.parent_id else None,
        "x": row.x,
        "y": row.y,
        "text": "" if row.deleted_at else row.text,
        "resolved": row.resolved_at is not None,
        "author": person(row.author),
        "version": row.version,
        "seq": row.seq,
        "created": moment(row.created),
        "deleted": row.deleted_at is not None,
    }


def job_record(row: Job) -> Record:
    """One job. Needs project, assignee and reviewer fetched along; `counts` where annotated."""
    return {
        "id": str(row.id),
        "project": str(row.project_id),
        "project_name": row.project.name,
        "name": row.name,
        "instructions": row.instructions,
        "assignee": person(row.assignee),
        "reviewer": person(row.reviewer),
        "layer": row.layer,
        "counts": getattr(row, "counts", None),
        "version": row.version,
        "seq": row.seq,
        "created": moment(row.created),
        "deleted": row.deleted_at is not None,
    }


def job_image_record(row: JobImage, image: Record | None = None) -> Record:
    """One image of a job. `image` is its record where the list carries whole images."""
    return {
        "id": str(row.id),
        "job": str(row.job_id),
        "image": image if image is not None else str(row.image_id),
        "layer": row.layer,
        "state": row.state,
        "position": row.position,
        "nothing_to_label": row.nothing_to_label,
        "note": row.note,
        "submitter": str(row.submitter_id) if row.submitter_id else None,
        "reviewer": str(row.reviewer_id) if row.reviewer_id else None,
        "submitted_at": moment(row.submitted_at),
        "reviewed_at": moment(row.reviewed_at),
        "objects": getattr(row, "objects_count", None),
        "version": row.version,
        "seq": row.seq,
        "deleted": row.deleted_at is not None,
    }


def operation_record(row: Operation) -> Record:
    """One line of a history. Needs the actor fetched along."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "seq": row.seq,
        "base_version": row.base_version,
        "version": row.version,
        "actor": person(row.actor),
        "client_time": moment(row.client_time),
        "received": moment(row.received),
        "tool": row.tool,
        "source": row.source,
        "clicks": row.clicks,
        "active_ms": row.active_ms,
        "payload": row.payload,
    }
