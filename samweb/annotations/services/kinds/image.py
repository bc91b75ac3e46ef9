"""image.update, delete: the service of `projects`, under this operation's seq."""

from __future__ import annotations

from typing import Any

from samweb.annotations.services.checks import Refused, Stale, read
from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.annotations.services.kinds.label import in_words
from samweb.projects.models import Image
from samweb.projects.presentation import image_json
from samweb.projects.services import images


def _as_sent(value: Any) -> Any:
    return value  # `projects` checks it, in the same words for every way in


FIELDS = {
    "name": _as_sent,
    "folder": _as_sent,
    "position": _as_sent,
    "split": _as_sent,
    "external_id": _as_sent,
    "metadata": _as_sent,
    "attributes": _as_sent,
}


def update(w: Writing, op: Incoming) -> Done:
    """Rename, move, sort or describe an image."""
    w.require("manager")
    fields = read(op.payload, FIELDS)
    with in_words():
        row = images.image_update(
            image=_live(w, op), actor=w.user, base_version=op.base_version, seq=w.seq, **fields
        )
    w.forget()
    state = state_of(row)
    return Done(row.version, {name: state[name] for name in fields})


def delete(w: Writing, op: Incoming) -> Done:
    """Put an image away, with all that is on it."""
    w.require("manager")
    read(op.payload, {})
    with in_words():
        row = images.image_delete(
            image=_live(w, op), actor=w.user, base_version=op.base_version, seq=w.seq
        )
    w.forget()
    return Done(row.version, {})


def _live(w: Writing, op: Incoming) -> Image:
    row = Image.objects.filter(id=op.target, project=w.project).first()
    if row is None:
        raise Refused("There is no such image in this project.", "not_found")
    if row.deleted_at:
        raise Stale(image_json([row])[0])
    return row


def state_of(row: Image) -> dict[str, Any]:
    """Everything an operation can set, as JSON."""
    return {name: getattr(row, name) for name in FIELDS}


KINDS = {"image.update": update, "image.delete": delete}
