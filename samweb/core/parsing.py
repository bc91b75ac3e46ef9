"""How request bodies are read. Apart from `api`, because DRF's views import their parsers."""

from __future__ import annotations

from typing import Any

from rest_framework.parsers import JSONParser

from samweb.core.errors import Rejected


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it: no NaN, no Infinity; a bottomless document is refused in words."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise Rejected("The JSON is nested too deeply.", code="too_deep") from None
