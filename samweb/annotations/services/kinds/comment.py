"""comment.create, update, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from samweb.annotations.models import Annotation, Comment
from samweb.annotations.records import comment_record
from samweb.annotations.services.checks import (
    Refused,
    Stale,
    flag,
    identifier,
    number,
    optional,
    read,
    text,
)
from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.projects.models import Image

CREATE = {
    "image": identifier,
    "annotation": optional(identifier),
    "parent": optional(identifier),
    "x": optional(number(0, 1e9)),
    "y": optional(number(0, 1e9)),
    "text": text(10_000, blank=False),
}
UPDATE = {"text": text(10_000, blank=False), "resolved": flag}


def create(w: Writing, op: Incoming) -> Done:
    """A remark on an image, a place in it, an object, or another remark."""
    w.require("annotator")
    fields = read(op.payload, CREATE, "image", "text")
    if w.taken(Comment, op):
        existing = _row(w, op.target)
        raise Stale(comment_record(existing) if existing else None)
    image = w.image(fields["image"])
    _check_place(fields, image)
    row = Comment(
        id=op.target, project=w.project, image=image, author=w.user, text=fields["text"],
        x=fields.get("x"), y=fields.get("y"), version=1, seq=w.seq, created=w.received,
        annotation=_on_image(Annotation, fields.get("annotation"), image),
        parent=_on_image(Comment, fields.get("parent"), image),
    )  # fmt: skip
    row.save(force_insert=True)
    return Done(1, state_of(row))


def update(w: Writing, op: Incoming) -> Done:
    """Change one's own words, or say that it is settled."""
    w.require("annotator")
    fields = read(op.payload, UPDATE)
    row = _current(w, op)
    if "text" in fields:
        _own(w, row)
        row.text = fields["text"]
    if "resolved" in fields:
        row.resolved_at = w.received if fields["resolved"] else None
    _touch(w, row)
    return Done(row.version, {name: value for name, value in state_of(row).items()
                              if name in fields})  # fmt: skip


def delete(w: Writing, op: Incoming) -> Done:
    """Take a remark away."""
    w.require("annotator")
    read(op.payload, {})
    row = _current(w, op)
    _own(w, row)
    row.deleted_at = w.received
    _touch(w, row)
    return Done(row.version, {})


def _row(w: Writing, identifier: UUID) -> Comment | None:
    rows = Comment.objects.select_related("author")
    return rows.filter(id=identifier, project=w.project).first()


def _current(w: Writing, op: Incoming) -> Comment:
    row = _row(w, op.target)
    if row is None:
        raise Refused("There is no such comment in this project.", "not_found")
    if row.version != op.base_version or row.deleted_at:
        raise Stale(comment_record(row))
    return row


def _own(w: Writing, row: Comment) -> None:
    if row.author_id != w.user.pk and not w.has("manager"):
        raise Refused("Only its author or a manager may do that.", "role_too_low")


def _check_place(fields: dict[str, Any], image: Image) -> None:
    x, y = fields.get("x"), fields.get("y")
    if (x is None) != (y is None):
        raise Refused("A place needs both x and y.")
    if x is not None and not (x <= image.width and y is not None and y <= image.height):
        raise Refused(
            f"The place lies outside the {image.width} x {image.height} image.", "out_of_bounds"
        )


def _on_image(model: type[Any], identifier: str | None, image: Image) -> Any:
    if identifier is None:
        return None
    row = model.objects.filter(id=identifier, image=image).first()
    if row is None:
        raise Refused(f"There is no such {model._meta.model_name} on this image.", "not_found")
    return row


def _touch(w: Writing, row: Comment) -> None:
    row.version += 1
    row.seq = w.seq
    row.save()


def state_of(row: Comment) -> dict[str, Any]:
    """Everything an operation can set, as JSON."""
    return {
        "image": str(row.image_id),
        "annotation": str(row.annotation_id) if row.annotation_id else None,
        "parent": str(row.parent_id) if row.parent_id else None,
        "x": row.x,
        "y": row.y,
        "text": row.text,
        "resolved": row.resolved_at is not None,
    }


KINDS = {"comment.create": create, "comment.update": update, "comment.delete": delete}
