"""The attributes of objects against the schema of their label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from samweb.annotations.models import Annotation, JobImage, Operation
from samweb.annotations.services.checks import Refused
from samweb.projects import attributes
from samweb.projects.models import Label

MOST_NAMED = 20


def attributes_checked(row: Annotation, given: dict[str, Any]) -> dict[str, Any]:
    """What is stored of the given attributes; a new object gets the defaults too.

    Only changed values are looked at, and a value that an earlier schema of the label allowed is
    allowed for good: whoever worked without a network under the old schema loses nothing. Names
    the schema does not know are kept. Raises Refused (`bad_attribute`) with object and attribute.
    """
    new = row._state.adding
    before = {} if new else row.attributes
    label = row.label
    if label is None:
        return given
    for name, attribute in attributes.attributes_of(label.attribute_schema).items():
        value = given.get(name)
        if value == before.get(name) and type(value) is type(before.get(name)):
            continue
        problem = attributes.problem_of(attribute, value)
        if problem and not any(_allowed(old, name, value) for old in _earlier_schemas(label)):
            raise Refused(
                f"attributes: {name!r} of object {row.pk} ({label.name}) {problem}", "bad_attribute"
            )
    return attributes.with_defaults(label.attribute_schema, given) if new else given


def _allowed(schema: Any, name: str, value: Any) -> bool:
    attribute = attributes.attributes_of(schema).get(name)
    return attribute is not None and attributes.problem_of(attribute, value) is None


def _earlier_schemas(label: Label) -> Iterator[Any]:
    """Every schema the label ever had, the newest first: the journal has them."""
    payloads = Operation.objects.filter(
        project=label.project_id, target=label.pk, kind__in=("label.create", "label.update")
    ).order_by("-seq")
    for payload in payloads.values_list("payload", flat=True):
        if "attribute_schema" in payload:
            yield payload["attribute_schema"]


def refuse_incomplete(work: JobImage) -> None:
    """Raises Refused (`missing_attributes`) with the objects that lack a required attribute."""
    rows = Annotation.objects.filter(
        image_id=work.image_id, layer=work.layer, deleted_at__isnull=True
    )
    asking = {
        label.pk: label for label in Label.objects.filter(project=work.project_id)
        if attributes.attributes_of(label.attribute_schema)
    }  # fmt: skip
    lacking = []
    found = rows.filter(label__in=asking).order_by("id").values_list("id", "label_id", "attributes")
    for id, of_label, values in found:
        label = asking[of_label]
        if missing := attributes.missing_in(label.attribute_schema, values):
            lacking.append({"id": str(id), "label": label.name, "missing": missing})
    if lacking:
        first = lacking[0]
        others = f" So do {len(lacking) - 1} more." if len(lacking) > 1 else ""
        raise Refused(
            f"Object {first['id']} ({first['label']}) lacks {', '.join(first['missing'])}.{others}",
            "missing_attributes",
            lacking[:MOST_NAMED],
        )
