"""label.create, update, delete: the service of `projects`, under this operation's seq."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from samweb.annotations.services.checks import Refused, Stale, identifier, read
from samweb.annotations.services.incoming import Done, Incoming, Writing
from samweb.core.errors import ApiError, PreconditionFailed
from samweb.projects.models import Label
from samweb.projects.presentation import label_json
from samweb.projects.services import labels


def _as_sent(value: Any) -> Any:
    return value  # `projects` checks it, in the same words for every way in


FIELDS = {
    "name": _as_sent,
    "colour": _as_sent,
    "kind": _as_sent,
    "parent": _as_sent,
    "order": _as_sent,
    "hotkey": _as_sent,
    "attribute_schema": _as_sent,
    "post_rules": _as_sent,
}


def create(w: Writing, op: Incoming) -> Done:
    """A new label."""
    w.require("manager")
    fields = read(op.payload, FIELDS, "name")
    if existing := Label.objects.filter(id=op.target, project=w.project).first():
        raise Stale(label_json(existing))
    with in_words():
        row = labels.label_create(
            project=w.project, actor=w.user, id=op.target, seq=w.seq, **fields
        )
    w.forget()
    return Done(row.version, state_of(row))


def update(w: Writing, op: Incoming) -> Done:
    """Change a label's name, colour, key, order or rules."""
    w.require("manager")
    fields = read(op.payload, FIELDS)
    with in_words():
        row = labels.label_update(
            label=_live(w, op), actor=w.user, base_version=op.base_version, seq=w.seq, **fields
        )
    w.forget()
    state = state_of(row)
    return Done(row.version, {name: state[name] for name in fields})


def delete(w: Writing, op: Incoming) -> Done:
    """Set the tombstone: what has the label keeps it."""
    w.require("manager")
    read(op.payload, {})
    with in_words():
        row = labels.label_delete(
            label=_live(w, op), actor=w.user, base_version=op.base_version, seq=w.seq
        )
    w.forget()
    return Done(row.version, {})


def _live(w: Writing, op: Incoming) -> Label:
    row = Label.objects.filter(id=op.target, project=w.project).first()
    if row is None:
        raise Refused("There is no such label in this project.", "not_found")
    if row.deleted_at:
        raise Stale(label_json(row))
    return row


@contextmanager
def in_words() -> Iterator[None]:
    """What a service of `projects` refuses, as an operation says it."""
    try:
        yield
    except PreconditionFailed as error:
        raise Stale(error.extra.get("record")) from None
    except ApiError as error:
        raise Refused(error.message, error.code) from None


def state_of(row: Label) -> dict[str, Any]:
    """Everything an operation can set, as JSON."""
    return {
        "name": row.name,
        "colour": row.colour,
        "kind": str(row.kind),
        "parent": identifier(str(row.parent_id)) if row.parent_id else None,
        "order": row.order,
        "hotkey": row.hotkey,
        "attribute_schema": row.attribute_schema,
        "post_rules": row.post_rules,
    }


KINDS = {"label.create": create, "label.update": update, "label.delete": delete}
