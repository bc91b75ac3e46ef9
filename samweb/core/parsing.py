"""How request bodies are read. Apart from `api`, because DRF's views import their parsers."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.mediatypes import _MediaType

from samweb.core.errors import ApiError, Rejected, TooLarge

MAX_DEPTH = 64
# NUL fits into no PostgreSQL text, and half a surrogate pair into no UTF-8.
SUSPECT = re.compile(r"\\u(0000|[dD][89a-fA-F])")


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it, in UTF-8, with limits.

    Refused in words: more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes (413), NaN and Infinity, the same
    name twice in an object, more than 64 levels, NUL and lone surrogates in texts (400).
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        charset = _MediaType(media_type or "").params.get("charset", "utf-8")
        if str(charset).strip('"').lower() not in {"utf-8", "utf8"}:
            raise ApiError("JSON is sent as UTF-8.", code="bad_charset", status=415)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit >> 20} MB.")
        try:
            text = body.decode()
            document = json.loads(
                text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_twins
            )
        except RecursionError:
            raise Rejected("The JSON is nested too deeply.", code="too_deep") from None
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}") from None
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _check_depth(document)
        if SUSPECT.search(text):
            _check_texts(document)
        return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _check_depth(document: Any) -> None:
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH + 1):
        deeper = []
        for value in level:
            inner = value.values() if isinstance(value, dict) else value
            deeper += [part for part in inner if isinstance(part, dict | list)]
        if not deeper:
            return
        level = deeper
    raise Rejected(f"The JSON is nested deeper than {MAX_DEPTH} levels.", code="too_deep")


def _check_texts(document: Any) -> None:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and ("\x00" in value or _halved(value)):
            raise Rejected("A text holds NUL or half a character.", code="bad_text")


def _halved(text: str) -> bool:
    return any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)
