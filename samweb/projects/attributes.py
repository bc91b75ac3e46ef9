"""What a label asks about its objects: the schema of their attributes, and values against it.

A schema is `{"attributes": [{"name", "type", "required", "default", ...}]}` in the order of the
form; `type` is choice (`options`), number (`min`, `max`, `step`), text (`max_length`) or boolean.
Values a schema does not know are no error: a schema may change, and old work must stay savable.
"""

from __future__ import annotations

import json
import math
from typing import Any

from samweb.core.errors import Rejected

Schema = dict[str, Any]
DOCUMENT_BYTES = 16_384
MOST_ATTRIBUTES = 50
MOST_OPTIONS = 200
LONGEST_TEXT = 2_000
OF_TYPE = {
    "choice": {"options"},
    "number": {"min", "max", "step"},
    "text": {"max_length"},
    "boolean": set(),
}
OF_ALL = {"name", "type", "required", "default"}


def schema_checked(value: Any) -> Schema:
    """A schema as it is stored. Raises Rejected (`bad_schema`) naming the attribute."""
    if not isinstance(value, dict) or len(json.dumps(value)) > DOCUMENT_BYTES:
        raise _bad("must be an object below 16 KB.")
    if not value:
        return {}
    rows = value.get("attributes")
    if set(value) != {"attributes"} or not isinstance(rows, list) or len(rows) > MOST_ATTRIBUTES:
        raise _bad(f'must be {{"attributes": [...]}} with at most {MOST_ATTRIBUTES} of them.')
    kept = [_attribute_checked(row, at) for at, row in enumerate(rows)]
    names = [row["name"] for row in kept]
    if twice := [name for name in names if names.count(name) > 1]:
        raise _bad(f"has {twice[0]!r} twice.")
    return {"attributes": kept} if kept else {}


def problem_of(attribute: dict[str, Any], value: Any) -> str | None:
    """Why a value does not fit an attribute, in words; None when it does. null is "not said"."""
    return None if value is None else CHECKS[attribute["type"]](attribute, value)


def attributes_of(schema: Any) -> dict[str, dict[str, Any]]:
    """The attributes of a stored schema by name; schemas of before this shape ask nothing."""
    try:
        rows = schema_checked(schema).get("attributes", [])
    except Rejected:
        rows = []
    return {row["name"]: row for row in rows}


def missing_in(schema: Any, values: dict[str, Any]) -> list[str]:
    """Names of required attributes without a value."""
    return [
        name
        for name, attribute in attributes_of(schema).items()
        if attribute.get("required") and values.get(name) in (None, "")
    ]


def with_defaults(schema: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values, and the defaults of the attributes that are not among them."""
    defaults = {
        name: attribute["default"]
        for name, attribute in attributes_of(schema).items()
        if attribute.get("default") is not None and name not in values
    }
    return {**values, **defaults}


def _bad(what: str) -> Rejected:
    return Rejected(f"attribute_schema {what}", code="bad_schema")


def _attribute_checked(row: Any, at: int) -> dict[str, Any]:
    if not isinstance(row, dict) or row.get("type") not in OF_TYPE:
        raise _bad(f"attribute {at + 1}: type must be one of {', '.join(OF_TYPE)}.")
    name = row.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 60 or not name.isprintable():
        raise _bad(f"attribute {at + 1}: name must be 1 to 60 characters.")
    name = name.strip()
    if unknown := sorted(map(str, set(row) - OF_ALL - OF_TYPE[row["type"]])):
        raise _bad(f"attribute {name!r}: a {row['type']} has no {unknown[0][:60]!r}.")
    if not isinstance(row.get("required", False), bool):
        raise _bad(f"attribute {name!r}: required must be true or false.")
    kept = {key: value for key, value in row.items() if value is not None} | {"name": name}
    if problem := SHAPES[row["type"]](kept):
        raise _bad(f"attribute {name!r}: {problem}")
    if problem := problem_of(kept, kept.get("default")):
        raise _bad(f"attribute {name!r}: the default {problem}")
    return kept


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _choice_shape(row: dict[str, Any]) -> str | None:
    options = row.get("options")
    fine = isinstance(options, list) and 1 <= len(options) <= MOST_OPTIONS
    if not fine or not all(isinstance(o, str) and 0 < len(o) <= 100 for o in options or []):
        return f"options must be 1 to {MOST_OPTIONS} texts of at most 100 characters."
    return "an option occurs twice." if len(set(options or [])) != len(options or []) else None


def _number_shape(row: dict[str, Any]) -> str | None:
    for key in ("min", "max", "step"):
        if key in row and not _number(row[key]):
            return f"{key} must be a number."
    if "min" in row and "max" in row and row["min"] > row["max"]:
        return "min is above max."
    return "step must be above 0." if row.get("step", 1) <= 0 else None


def _text_shape(row: dict[str, Any]) -> str | None:
    most = row.get("max_length", LONGEST_TEXT)
    if type(most) is not int or not 1 <= most <= LONGEST_TEXT:
        return f"max_length must be a whole number from 1 to {LONGEST_TEXT}."
    return None


def _choice(row: dict[str, Any], value: Any) -> str | None:
    return None if value in row["options"] else f"must be one of {', '.join(row['options'])}."


def _in_range(row: dict[str, Any], value: Any) -> str | None:
    if not _number(value):
        return "must be a number."
    low, high, step = row.get("min"), row.get("max"), row.get("step")
    if low is not None and value < low:
        return f"must be {low:g} or more."
    if high is not None and value > high:
        return f"must be {high:g} or less."
    if step is not None:
        steps = (value - (low or 0)) / step
        if abs(steps - round(steps)) > 1e-6:
            return f"must go in steps of {step:g} from {low or 0:g}."
    return None


def _short_text(row: dict[str, Any], value: Any) -> str | None:
    most = row.get("max_length", LONGEST_TEXT)
    if not isinstance(value, str) or len(value) > most:
        return f"must be a text of at most {most} characters."
    return None


def _boolean(row: dict[str, Any], value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false."


SHAPES = {
    "choice": _choice_shape, "number": _number_shape, "text": _text_shape,
    "boolean": lambda row: None,
}  # fmt: skip
CHECKS = {"choice": _choice, "number": _in_range, "text": _short_text, "boolean": _boolean}
