"""Labels. They are written as operations: `annotations` calls these with the operation's `seq`.

Called without `seq` they take one themselves and tell the apps above (`events.edited`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from samweb.accounts.models import User
from samweb.core import clock, live
from samweb.core.errors import Conflict, NotFound, PreconditionFailed, Rejected
from samweb.core.ids import uuid7
from samweb.projects import attributes, events, presentation
from samweb.projects.models import Label, Project
from samweb.projects.names import clean_text
from samweb.projects.services.counter import next_seq

MOST_LABELS = 2000
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# Told apart by most colour-blind people (Okabe and Ito), then more of the same brightness.
PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
    "#88ccee", "#ddcc77", "#117733", "#aa4499", "#44aa99", "#999933", "#882255", "#661100",
)  # fmt: skip
POST_RULES = {"min_area": int, "fill_holes": bool, "smooth": float, "largest_part": bool}


@transaction.atomic
def label_create(
    *, project: Project, actor: User | None, id: UUID | None = None, seq: int | None = None,
    **fields: Any,
) -> Label:  # fmt: skip
    """Make a label from `name, colour, kind, parent, order, hotkey` and the two documents.

    Raises Rejected with the field in words, Conflict (`label_exists`, `id_taken`), NotFound.
    """
    known = Label.objects.filter(pk=id).first() if id else None
    if known is not None:
        if known.project_id != project.pk:
            raise NotFound()
        raise Conflict("There is a label with this id already.", code="id_taken")
    count = Label.objects.filter(project=project).count()
    if count >= MOST_LABELS:
        raise Rejected(f"A project has at most {MOST_LABELS} labels.", code="too_many_labels")
    fields.setdefault("name", "")
    label = Label(
        id=id or uuid7(), project=project, colour=PALETTE[count % len(PALETTE)], order=count
    )
    _apply(label, fields)
    return _write(label, actor, "label.create", seq, fields, base_version=0, insert=True)


@transaction.atomic
def label_update(
    *, label: Label, actor: User | None, base_version: int, seq: int | None = None, **fields: Any
) -> Label:
    """Change a label. Raises PreconditionFailed with `record`, Rejected, Conflict."""
    label = _locked(label, base_version)
    _apply(label, fields)
    label.version += 1
    return _write(label, actor, "label.update", seq, fields, base_version=base_version)


@transaction.atomic
def label_delete(
    *, label: Label, actor: User | None, base_version: int, seq: int | None = None
) -> Label:
    """Set the tombstone: annotations that have the label keep it."""
    label = _locked(label, base_version)
    label.deleted_at = clock.now()
    label.version += 1
    return _write(label, actor, "label.delete", seq, {}, base_version=base_version)


def _locked(label: Label, base_version: int) -> Label:
    current = Label.objects.select_for_update().filter(pk=label.pk).first()
    if current is None or current.deleted_at is not None:
        raise NotFound("The label has been deleted.")
    if current.version != base_version:
        raise PreconditionFailed(
            "Somebody has changed this label meanwhile.", record=presentation.label_json(current)
        )
    return current


def _write(
    label: Label, actor: User | None, kind: str, seq: int | None, fields: dict[str, Any], *,
    base_version: int, insert: bool = False,
) -> Label:  # fmt: skip
    direct = seq is None
    label.seq = next_seq(label.project_id) if seq is None else seq
    try:
        with transaction.atomic():
            label.save(force_insert=insert)
    except IntegrityError:
        raise Conflict(
            f"There is a label {label.name!r} already (capitals and spaces do not count).",
            code="label_exists",
        ) from None
    if direct:
        payload = {k: str(v) if isinstance(v, UUID) else v for k, v in fields.items()}
        events.tell_edited(
            events.Edit(
                kind, label.project_id, label.pk, actor, label.seq, base_version, label.version,
                payload,
            )
        )  # fmt: skip
        live.publish(label.project_id, {"type": "seq", "seq": label.seq})
    return label


def _apply(label: Label, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name not in SETTERS:
            raise Rejected(f"A label has no field {name!r}.", code="unknown_field")
        SETTERS[name](label, value)


def _set_name(label: Label, value: Any) -> None:
    name = clean_text(value, "name", most=200)
    key = unicodedata.normalize("NFKC", name).casefold()
    key = "".join(c for c in key if unicodedata.category(c) != "Cf")
    key = " ".join(key.split())
    if not key:
        raise Rejected("A label needs a name.", code="bad_name")
    label.name, label.name_key = name, key[:200]


def _set_colour(label: Label, value: Any) -> None:
    if not isinstance(value, str) or not COLOUR.fullmatch(value):
        raise Rejected("colour must be like #1f77b4.", code="bad_colour")
    label.colour = value.lower()


def _set_kind(label: Label, value: Any) -> None:
    if value not in Label.Kind.values:
        raise Rejected("kind must be thing or stuff.", code="bad_kind")
    label.kind = value


def _set_parent(label: Label, value: Any) -> None:
    if value is None:
        label.parent = None
        return
    try:
        parent = Label.objects.filter(pk=UUID(str(value)), project=label.project_id).first()
    except ValueError:
        parent = None
    seen = {label.pk}
    above = parent
    while above is not None:
        if above.pk in seen:
            raise Rejected("A label cannot stand below itself.", code="bad_parent")
        seen.add(above.pk)
        above = above.parent
    if parent is None:
        raise Rejected("parent must be a label of this project.", code="bad_parent")
    label.parent = parent


def _set_order(label: Label, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000:
        raise Rejected("order must be a whole number.", code="bad_order")
    label.order = value


def _set_hotkey(label: Label, value: Any) -> None:
    if not isinstance(value, str) or len(value) > 1 or not (value == "" or value.isalnum()):
        raise Rejected("hotkey must be one letter or digit.", code="bad_hotkey")
    label.hotkey = value.lower()[:1]


def _set_attribute_schema(label: Label, value: Any) -> None:
    label.attribute_schema = attributes.schema_checked(value)


def _set_post_rules(label: Label, value: Any) -> None:
    if not isinstance(value, dict) or set(value) - set(POST_RULES):
        raise Rejected(f"post_rules has the rules {', '.join(POST_RULES)}.", code="bad_rules")
    for name, given in value.items():
        kind = POST_RULES[name]
        if kind is bool and not isinstance(given, bool):
            raise Rejected(f"post_rules.{name} must be true or false.", code="bad_rules")
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if kind is not bool and not (number and 0 <= given <= 1_000_000_000):
            raise Rejected(f"post_rules.{name} must be a number, 0 or more.", code="bad_rules")
    label.post_rules = value


SETTERS = {
    "name": _set_name, "colour": _set_colour, "kind": _set_kind, "parent": _set_parent,
    "order": _set_order, "hotkey": _set_hotkey, "attribute_schema": _set_attribute_schema,
    "post_rules": _set_post_rules,
}  # fmt: skip
