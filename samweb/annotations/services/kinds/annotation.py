"""annotation.create, update, delete, restore."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from samweb.annotations.models import Annotation
from samweb.annotations.moves import LOCKED, WITH_REVIEWERS
from samweb.annotations.records import annotation_record
from samweb.annotations.services.attributes import attributes_checked
from samweb.annotations.services.checks import (
    Refused,
    Stale,
    flag,
    identifier,
    json_object,
    optional,
    read,
    text,
)
from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.annotations.services.masks import mask_patch, mask_put
from samweb.annotations.services.overlap import require_free
from samweb.annotations.services.recipe_patches import recipe_patched
from samweb.annotations.services.recipes import recipe_checked
from samweb.projects.models import Image

LAYER = re.compile(r"main|ground_truth|blind:[0-9a-f-]{36}")


def layer_checked(value: Any) -> str:
    """main, ground_truth, or blind:{job}."""
    if not isinstance(value, str) or not LAYER.fullmatch(value):
        raise Refused("must be main, ground_truth or blind:{job}.")
    return value


def _later(value: Any) -> Any:
    return value  # checked against the image, once that is known


FIELDS = {
    "label": optional(identifier),
    "mask": _later,
    "recipe": _later,
    "attributes": json_object(1000),
    "order_key": text(120),
    "track": optional(identifier),
    "iscrowd": flag,
}
CREATE = {"image": identifier, "layer": layer_checked, **FIELDS}
UPDATE = {**FIELDS, "mask_patch": _later, "recipe_patch": _later}


def create(w: Writing, op: Incoming) -> Done:
    """A new object on an image."""
    w.require("annotator")
    fields = read(op.payload, CREATE, "image", "label", "mask")
    if w.taken(Annotation, op):
        existing = annotation_row(w, op.target)
        raise Stale(annotation_record(existing) if existing else None)
    if op.base_version != 0:
        raise Stale(None)
    image = w.image(fields.pop("image"))
    row = Annotation(
        id=op.target, project=w.project, image=image, layer=fields.pop("layer", "main"),
        author=w.user, version=1, seq=w.seq, created=w.received, updated=w.received,
    )  # fmt: skip
    unlocked(w, image, row.layer)
    _assign(w, row, image, fields)
    require_free(w, row, None)
    row.save(force_insert=True)
    return Done(1, state_of(row))


def update(w: Writing, op: Incoming) -> Done:
    """Change label, mask, recipe or attributes."""
    w.require("annotator")
    fields = read(op.payload, UPDATE)
    row = current(w, op)
    if row.deleted_at:
        raise Stale(annotation_record(row))
    image = w.image(str(row.image_id))
    unlocked(w, image, row.layer)
    if "mask" in fields and "mask_patch" in fields:
        raise Refused("Send mask or mask_patch, not both.")
    if "recipe" in fields and "recipe_patch" in fields:
        raise Refused("Send recipe or recipe_patch, not both.")
    if "recipe_patch" in fields:
        patched = fields.pop("recipe_patch")
        fields["recipe"] = recipe_patched(row.recipe or {}, patched, image)
    before = row.mask.counts
    if patch := fields.pop("mask_patch", None):
        row.mask = mask_patch(patch, row, image, annotation_record)
        fields["mask"] = None
    changed = set(fields)
    if fields.get("mask", True) is None:
        del fields["mask"]
    _assign(w, row, image, fields)
    require_free(w, row, before)
    _touch(w, row)
    applied = {name: value for name, value in state_of(row).items() if name in changed}
    return Done(row.version, applied)


def delete(w: Writing, op: Incoming) -> Done:
    """Put an object away; restore brings it back."""
    w.require("annotator")
    read(op.payload, {})
    row = current(w, op)
    if row.deleted_at:
        raise Stale(annotation_record(row))
    unlocked(w, w.image(str(row.image_id)), row.layer)
    row.deleted_at = w.received
    _touch(w, row)
    return Done(row.version, {})


def restore(w: Writing, op: Incoming) -> Done:
    """Undo of delete: a change like any other."""
    w.require("annotator")
    read(op.payload, {})
    row = current(w, op)
    if not row.deleted_at:
        raise Stale(annotation_record(row))
    unlocked(w, w.image(str(row.image_id)), row.layer)
    row.deleted_at = None
    require_free(w, row, None)
    _touch(w, row)
    return Done(row.version, {})


def annotation_row(w: Writing, identifier: UUID) -> Annotation | None:
    """The annotation of this project with all that its record shows, or None."""
    rows = Annotation.objects.select_related("mask", "author", "verdict__reviewer")
    return rows.filter(id=identifier, project=w.project).first()


def current(w: Writing, op: Incoming) -> Annotation:
    """The target at the version the operation was made on. Raises Refused when missing, Stale."""
    row = annotation_row(w, op.target)
    if row is None:
        raise Refused("There is no such object in this project.", "not_found")
    if row.version != op.base_version:
        raise Stale(annotation_record(row))
    return row


def unlocked(w: Writing, image: Image, layer: str) -> None:
    """Refuse edits of accepted images, and an annotator's edits while reviewers look."""
    states = {work.state for work in w.work_on(image, layer)}
    if states & LOCKED:
        raise Refused("This image is accepted and locked. A reviewer can reopen it.", "locked")
    if states & WITH_REVIEWERS and not w.has("reviewer"):
        raise Refused("This image is handed in. Take it back to go on editing.", "handed_in")


def _assign(w: Writing, row: Annotation, image: Image, fields: dict[str, Any]) -> None:
    if "label" in fields:
        row.label = w.label(fields.pop("label"))
    if "mask" in fields:
        row.mask = _named("mask", mask_put, fields.pop("mask"), image)
    if "recipe" in fields:
        row.recipe = _named("recipe", recipe_checked, fields.pop("recipe"), image)
    if "track" in fields:
        track = fields.pop("track")
        row.track = UUID(track) if track else None
    if "attributes" in fields or row._state.adding:
        given = fields.pop("attributes", {})
        row.attributes = attributes_checked(row, given)
    for name, value in fields.items():
        setattr(row, name, value)


def _named(name: str, check: Any, value: Any, image: Image) -> Any:
    try:
        return check(value, image)
    except Refused as refusal:
        raise Refused(f"{name}: {refusal.message}", refusal.code) from None


def _touch(w: Writing, row: Annotation) -> None:
    row.version += 1
    row.seq = w.seq
    row.updated = w.received
    row.save()


def state_of(row: Annotation) -> dict[str, Any]:
    """Everything an operation can set, as JSON; the mask by its hash."""
    return {
        "image": str(row.image_id),
        "layer": row.layer,
        "label": str(row.label_id) if row.label_id else None,
        "mask": row.mask_id,
        "recipe": row.recipe,
        "attributes": row.attributes,
        "order_key": row.order_key,
        "track": str(row.track) if row.track else None,
        "iscrowd": row.iscrowd,
    }


KINDS = {
    "annotation.create": create,
    "annotation.update": update,
    "annotation.delete": delete,
    "annotation.restore": restore,
}
