"""How projects, labels and images look as JSON, in one place for HTTP, operations and exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from samweb.accounts.models import User
from samweb.projects import events, selectors
from samweb.projects.models import Image, Label, Membership, Project


def project_json(projects: Sequence[Project], user: User) -> list[dict[str, Any]]:
    """Projects as this person sees them, with their role and counts."""
    roles = selectors.roles_of(user, projects)
    counts: dict[UUID, dict[str, int]] = {
        id: {"images": n} for id, n in selectors.image_counts(projects).items()
    }
    for count in events.project_counts:
        for id, more in count(projects).items():
            counts.setdefault(id, {"images": 0}).update(more)
    return [
        {
            "id": str(project.pk),
            "name": project.name,
            "description": project.description,
            "role": roles.get(project.pk),
            "bundle": project.bundle or None,
            "overlap_rule": project.overlap_rule,
            "self_review": project.self_review,
            "seq": project.seq,
            "version": project.version,
            "created": project.created.isoformat(),
            "counts": counts.get(project.pk, {"images": 0}),
        }
        for project in projects
    ]


def membership_json(memberships: Sequence[Membership]) -> list[dict[str, Any]]:
    """Memberships with their people."""
    return [
        {
            "id": str(membership.pk),
            "project": str(membership.project_id),
            "user": {
                "id": str(membership.user_id),
                "username": membership.user.username,
                "name": str(membership.user),
                "display_name": membership.user.display_name,
            },
            "role": membership.role,
            "created": membership.created.isoformat(),
        }
        for membership in memberships
    ]


def label_json(label: Label) -> dict[str, Any]:
    """One label; a deleted one says so."""
    record = {
        "id": str(label.pk),
        "project": str(label.project_id),
        "name": label.name,
        "colour": label.colour,
        "kind": label.kind,
        "parent": str(label.parent_id) if label.parent_id else None,
        "order": label.order,
        "hotkey": label.hotkey,
        "attribute_schema": label.attribute_schema,
        "post_rules": label.post_rules,
        "version": label.version,
        "seq": label.seq,
    }
    if label.deleted_at:
        record["deleted"] = True
    return record


def image_json(images: Sequence[Image]) -> list[dict[str, Any]]:
    """Images, with the fields that apps above know of (`embedding`)."""
    added = {name: answer(images) for name, answer in events.image_fields.items()}
    added.setdefault("embedding", {})
    records = []
    for image in images:
        record = {
            "id": str(image.pk),
            "project": str(image.project_id),
            "name": image.name,
            "folder": image.folder,
            "width": image.width,
            "height": image.height,
            "format": image.format,
            "bytes": image.bytes,
            "pixels_sha256": image.pixels_sha256,
            "note": image.note,
            "window": image.window,
            "position": image.position,
            "sequence": str(image.sequence_id) if image.sequence_id else None,
            "split": image.split,
            "external_id": image.external_id,
            "metadata": image.metadata,
            "attributes": image.attributes,
            "version": image.version,
            "seq": image.seq,
            "created": image.created.isoformat(),
            "thumbnail_url": f"/api/v1/images/{image.pk}/thumbnail",
            "pixels_url": f"/api/v1/images/{image.pk}/pixels",
            **{name: values.get(image.pk) for name, values in added.items()},
        }
        if image.deleted_at:
            record["deleted"] = True
        records.append(record)
    return records
