"""Where the server dies: `X-Die: answer` after COMMIT, `X-Die: 17` before the 17th statement."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DieOnRequest:
    """Kills this process as kill -9 does, at the point that the request names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        point = request.headers.get("X-Die", "")
        if not point.isdigit():
            response = self.get_response(request)  # committed when this returns
            if point == "answer":
                die()
            return response
        left = int(point)

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal left
            left -= 1
            if left <= 0:
                die()
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            return self.get_response(request)
