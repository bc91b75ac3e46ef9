"""Errors that people and scripts can act on, answered as problem+json (RFC 9457) with a code."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DataError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

log = logging.getLogger(__name__)


class ApiError(Exception):
    """A refusal: `code` for machines, `message` says what, where and what to do.

    Keyword arguments become members of the answer (`record=...` of a conflict, say).
    """

    status = 400
    code = "invalid"

    def __init__(
        self, message: str, *, code: str | None = None, status: int | None = None, **extra: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.extra = extra


class Rejected(ApiError):
    """400: the request says something that cannot be."""


class Forbidden(ApiError):
    """403: you may see it, and may not do that to it."""

    status, code = 403, "forbidden"


class NotFound(ApiError):
    """404: missing, or somebody else's; the answer is the same."""

    status, code = 404, "not_found"

    def __init__(self, message: str = "There is no such thing here.", **extra: Any) -> None:
        super().__init__(message, **extra)


class Conflict(ApiError):
    """409: true of a state that is no more."""

    status, code = 409, "conflict"


class PreconditionFailed(ApiError):
    """412: If-Match names an older version; `record` is the current one."""

    status, code = 412, "stale_version"


class TooLarge(ApiError):
    status, code = 413, "too_large"


class Unprocessable(ApiError):
    status, code = 422, "unprocessable"


class PreconditionRequired(ApiError):
    """428: a change without If-Match could overwrite somebody's work."""

    status, code = 428, "version_required"


class TooMany(ApiError):
    status, code = 429, "throttled"


TITLES = {
    400: "Bad request", 401: "Sign in first", 403: "Not allowed", 404: "Not found",
    405: "Method not allowed", 406: "Not acceptable", 409: "Conflict", 412: "Changed meanwhile",
    413: "Too large", 415: "Unsupported media type", 416: "Range not satisfiable",
    422: "Cannot be processed", 428: "Version required", 429: "Too many requests",
    500: "Server error", 503: "Busy",
}  # fmt: skip


def problem(status: int, code: str, detail: str, **extra: Any) -> Response:
    """A problem+json answer."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
    return Response(body, status=status, content_type="application/problem+json")


def first_sentence(detail: Any, path: str = "") -> str:
    """The first message of a DRF error tree, with the path of the field it is about."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            where = key if key != "non_field_errors" else ""
            return first_sentence(value, ".".join(part for part in (path, str(where)) if part))
    if isinstance(detail, list):
        for index, value in enumerate(detail):
            if not value:
                continue
            nested = isinstance(value, dict | list)
            return first_sentence(value, f"{path}[{index}]" if nested else path)
        return path
    return f"{path}: {detail}" if path else str(detail)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal leaves as problem+json, never as HTML."""
    if isinstance(error, ApiError):
        response = problem(error.status, error.code, error.message, **error.extra)
        if error.status == 429 and "retry_after" in error.extra:
            response["Retry-After"] = str(error.extra["retry_after"])
        return response
    if isinstance(error, Http404):
        return problem(404, "not_found", "There is no such thing here.")
    if isinstance(error, PermissionDenied):
        return problem(403, "forbidden", "You may not do that.")
    if isinstance(error, TooManyFilesSent | TooManyFieldsSent | RequestDataTooBig):
        return problem(413, "too_large", f"{error} Send fewer or less at a time.")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return problem(400, "invalid", "The request could not be read.")
    if isinstance(error, DataError):
        log.warning("the database refused a value: %s", error)
        return problem(400, "invalid", "A value does not fit: too long, too large or not text.")
    if isinstance(error, exceptions.ValidationError):
        return problem(400, "invalid", first_sentence(error.detail), errors=error.detail)
    if isinstance(error, exceptions.APIException):
        code = "csrf" if "CSRF" in str(error.detail) else error.get_codes()
        response = problem(
            error.status_code, code if isinstance(code, str) else "error",
            first_sentence(error.detail),
        )  # fmt: skip
        if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            response.status_code = response.data["status"] = 401
            response["WWW-Authenticate"] = 'Bearer realm="samweb"'
        return response
    if isinstance(error, OperationalError):
        log.warning("database busy: %s", error)
        response = problem(503, "busy", "The database is busy. Nothing was changed; try again.")
        response["Retry-After"] = "2"
        return response
    return None
