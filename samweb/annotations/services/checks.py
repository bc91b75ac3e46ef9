"""What the fields of a payload must be: small checks, put together in one table per kind.

A check takes a JSON value and returns the JSON value that is kept; it raises Refused otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

Check = Callable[[Any], Any]
MAX_DEPTH = 32
COLOUR = re.compile(r"#[0-9a-f]{6}")


class Refused(Exception):
    """It cannot be applied as it stands; `code` for machines, the message for people.

    `objects` are the ones it is about, where that is not the target.
    """

    def __init__(
        self, message: str, code: str = "invalid", objects: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.objects = objects


class Stale(Exception):
    """Somebody was faster: `record` is what the object is now, or None when it is gone."""

    def __init__(self, record: dict[str, Any] | None) -> None:
        super().__init__("The object has changed since.")
        self.record = record


def read(payload: Any, checks: Mapping[str, Check], *required: str) -> dict[str, Any]:
    """The checked fields that are there. Unknown and missing ones are refused by name."""
    if not isinstance(payload, dict):
        raise Refused("payload must be an object.")
    if unknown := sorted(set(map(str, payload)) - set(checks)):
        known = ", ".join(checks) or "none"
        raise Refused(f"Unknown field {unknown[0][:60]!r}. Known are: {known}.", "unknown_field")
    if missing := [name for name in required if name not in payload]:
        raise Refused(f"{missing[0]} is missing.")
    kept = {}
    for name, value in payload.items():
        try:
            kept[name] = checks[name](value)
        except Refused as refusal:
            raise Refused(f"{name}: {refusal.message}", refusal.code) from None
    return kept


def text(most: int, *, blank: bool = True) -> Check:
    """A text of at most so many characters; ends are trimmed."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Refused("must be a text.")
        value = value.strip()
        if len(value) > most:
            raise Refused(f"must have at most {most} characters.")
        if not value and not blank:
            raise Refused("must not be empty.")
        return value

    return check


def whole(least: int, most: int) -> Check:
    """A whole number in a range."""

    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Refused(f"must be a whole number from {least} to {most}.")
        return value

    return check


def number(least: float, most: float) -> Check:
    """A finite number in a range."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise Refused(f"must be a number from {least:g} to {most:g}.")
        return value

    return check


def flag(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Refused("must be true or false.")
    return value


def identifier(value: Any) -> str:
    """A UUID as text, in its canonical form."""
    return str(uuid_of(value))


def uuid_of(value: Any) -> UUID:
    """The UUID a JSON text says. Raises Refused for every other spelling."""
    try:
        found = UUID(value) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        found = None
    if found is None or str(found) != value.lower():
        raise Refused("must be a UUID.")
    return found


def optional(check: Check) -> Check:
    """null, or what `check` wants."""
    return lambda value: None if value is None else check(value)


def one_of(*values: str) -> Check:
    """One of a few texts."""

    def check(value: Any) -> str:
        if value not in values or not isinstance(value, str):
            raise Refused(f"must be one of {', '.join(values)}.")
        return value

    return check


def colour(value: Any) -> str:
    """A colour as #rrggbb."""
    if not isinstance(value, str) or not COLOUR.fullmatch(value.lower()):
        raise Refused("must be a colour such as #e69f00.")
    return value.lower()


def json_object(most: int) -> Check:
    """Free JSON, an object with at most so many values in all."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refused("must be an object.")
        if count_values(value) > most:
            raise Refused(f"must have at most {most} values.")
        return value

    return check


def count_values(value: Any) -> int:
    """How many values a JSON value holds, itself included."""
    if isinstance(value, dict):
        return 1 + sum(count_values(one) for one in value.values())
    if isinstance(value, list):
        return 1 + sum(count_values(one) for one in value)
    return 1


def storable(value: Any, depth: int = 0) -> None:
    """Refuse what no database column can hold: NUL, lone surrogates, infinities, deep nests."""
    if depth > MAX_DEPTH:
        raise Refused(f"is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Refused("contains a character that cannot be stored.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Refused("contains a number that is not finite.")
    elif isinstance(value, dict):
        for key, one in value.items():
            storable(key, depth + 1)
            storable(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            storable(one, depth + 1)
