"""What every endpoint is made of: the base view, strict input, pages, bytes, versions.

An endpoint checks its input, calls one service or selector, and answers. It has no queries.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from asgiref.sync import sync_to_async
from django.core import signing
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q, QuerySet
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request as AnyRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from samweb.core.errors import ApiError, NotFound, PreconditionRequired, Rejected

PIECE = 256 * 1024  # of a file on its way out

if TYPE_CHECKING:

    class Request(AnyRequest):
        """A request of somebody who is signed in: `ApiView` lets no others through."""

        user: Any  # accounts.User, which core does not know
        data: Any
else:
    Request = AnyRequest


class ApiView(APIView):
    """Base of all endpoints: signed in, JSON in and out, never cached."""

    metadata_class = None  # OPTIONS answers 405: the schema says what there is

    def initial(self, request: AnyRequest, *args: Any, **kwargs: Any) -> None:
        # A compressed body could unfold to any size: none is taken.
        if request.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise ApiError("Send the body as it is, not compressed.", code="encoded", status=415)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: AnyRequest, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class Open(BasePermission):
    """For the few endpoints that answer before sign-in."""

    def has_permission(self, request: AnyRequest, view: APIView) -> bool:
        return True


class StrictSerializer(serializers.Serializer):
    """Input with no unknown fields: a misspelt option must not be silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {unknown[0]: [f"Unknown field. Known are: {', '.join(self.fields)}."]}
                )
        return super().to_internal_value(data)


def checked(serializer: type[serializers.Serializer], data: Any, **kwargs: Any) -> dict[str, Any]:
    """The validated input. Raises DRF's ValidationError."""
    instance = serializer(data=data, **kwargs)
    instance.is_valid(raise_exception=True)
    return dict(instance.validated_data)


def if_match_version(request: Request) -> int:
    """The version in `If-Match: "7"`. Raises 428 when absent and 400 when it is not a version."""
    text = request.headers.get("If-Match")
    if text is None:
        raise PreconditionRequired('Send If-Match: "<version>" of the object you are changing.')
    bare = text.strip()
    if bare.startswith('"') and bare.endswith('"'):
        bare = bare[1:-1]
    if not (bare.isascii() and bare.isdigit() and len(bare) < 10):
        raise Rejected('If-Match must be the version in quotes, such as "7".', code="bad_if_match")
    return int(bare)


def whole_number(text: str | None, name: str, default: int, least: int, most: int) -> int:
    """A query parameter that is a whole number in a range. Raises 400 naming it."""
    if text is None or text == "":
        return default
    text = text.strip()
    if not (text.isascii() and text.lstrip("-").isdigit() and len(text) < 20):
        raise Rejected(f"{name} must be a whole number.", code="bad_parameter")
    value = int(text)
    if not least <= value <= most:
        raise Rejected(f"{name} must be from {least} to {most}.", code="bad_parameter")
    return value


def search_text(request: Request, name: str, most: int = 200) -> str:
    """A query parameter that is text to look for. Raises 400 for what no name can hold."""
    text = request.query_params.get(name, "")
    if len(text) > most or "\x00" in text or not encodable(text):
        raise Rejected(f"{name} must be text of at most {most} letters.", code="bad_parameter")
    return text.strip()


def encodable(text: str) -> bool:
    """Whether text is Unicode that a database takes: no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def known_parameters(request: Request, *names: str) -> None:
    """Refuse query parameters that the endpoint does not have, instead of ignoring them."""
    unknown = sorted(set(request.query_params) - set(names))
    if unknown:
        raise Rejected(
            f"Unknown parameter {unknown[0]!r}. Known are: {', '.join(names) or 'none'}.",
            code="unknown_parameter",
        )


def page(
    request: Request,
    rows: QuerySet,
    present: Callable[[list[Any]], list[Any]],
    *,
    order: tuple[str, ...] = ("created", "id"),
    most: int = 200,
    default: int = 50,
) -> Response:
    """One page by keyset: `?cursor=&limit=`; answers `{"results": [...], "next": cursor|null}`.

    `order` are field names, ascending, or all descending when the first begins with "-"; the
    last must be unique. `present` turns the rows of the page into JSON, all at once, so that it
    can fetch what belongs to them in one query.
    """
    limit = whole_number(request.query_params.get("limit"), "limit", default, 1, most)
    descending = order[0].startswith("-")
    names = [name.lstrip("-") for name in order]
    rows = rows.order_by(*(f"-{name}" if descending else name for name in names))
    salt = f"cursor {request.user.pk} {request.path} {order}"  # of this person and this list alone
    if cursor := request.query_params.get("cursor"):
        rows = rows.filter(_beyond(names, _read_cursor(cursor, salt), descending))
    found = list(rows[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    last = [getattr(found[-1], name) for name in names] if more else None
    after = _write_cursor(last, salt) if last else None
    return Response({"results": present(found), "next": after})


def _beyond(names: list[str], values: list[Any], descending: bool) -> Q:
    step = "lt" if descending else "gt"
    condition = Q()
    for index, name in enumerate(names):
        equal = {names[before]: values[before] for before in range(index)}
        condition |= Q(**equal, **{f"{name}__{step}": values[index]})
    return condition


def _write_cursor(values: list[Any], salt: str) -> str:
    plain = [value if isinstance(value, int | float) else str(value) for value in values]
    return signing.dumps(plain, salt=salt)


def _read_cursor(text: str, salt: str) -> list[Any]:
    try:
        return list(signing.loads(text, salt=salt))
    except signing.BadSignature:
        raise Rejected(
            "The cursor is not of this list. Start again without it.", code="bad_cursor"
        ) from None


@cache
def page_of(row: type[serializers.Serializer]) -> serializers.Serializer:
    """The schema of a page of such rows, for `extend_schema`."""
    fields = {
        "results": row(many=True),
        "next": serializers.CharField(allow_null=True, help_text="Cursor of the next page."),
    }
    return inline_serializer(f"{row.__name__}Page", fields=fields)


def bytes_response(
    request: Request,
    path: Path,
    *,
    content_type: str,
    etag: str,
    download: str | None = None,
    immutable: bool = True,
) -> HttpResponseBase:
    """Stream a stored file with a type from our own list; Range and If-None-Match are honoured."""
    tag = f'"{etag}"'
    caching = "private, max-age=31536000, immutable" if immutable else "private, no-store"
    if tag in request.headers.get("If-None-Match", ""):
        response: HttpResponseBase = HttpResponseNotModified()
    else:
        try:
            response = _ranged(request, path)
        except FileNotFoundError:
            raise NotFound("Its file is missing in the data folder.") from None
        response["Content-Type"] = content_type
        response["Accept-Ranges"] = "bytes"
        if download:
            response["Content-Disposition"] = content_disposition_header(True, download) or ""
    response["ETag"] = tag
    response["Cache-Control"] = caching
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _ranged(request: Request, path: Path) -> HttpResponseBase:
    size = path.stat().st_size
    wanted = _one_range(request.headers.get("Range", ""), size)
    start, end = wanted or (0, size - 1)
    if wanted and (start >= size or end < start):
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    file, length = path.open("rb"), end - start + 1
    file.seek(start)
    if isinstance(request._request, ASGIRequest):
        response: HttpResponseBase = StreamingHttpResponse(_in_threads(file, length))
    else:
        response = FileResponse(_Slice(file, length))
    response["Content-Length"] = str(length)
    if wanted:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


async def _in_threads(file: BinaryIO, length: int) -> AsyncIterator[bytes]:
    """The next bytes of a file, a piece at a time. Django would read a file of any size into
    memory before it sends the first byte, were it given to its ASGI side as it is."""
    try:
        while length > 0:
            piece = await sync_to_async(file.read, thread_sensitive=False)(min(length, PIECE))
            if not piece:
                return
            length -= len(piece)
            yield piece
    finally:
        file.close()


def _one_range(header: str, size: int) -> tuple[int, int] | None:
    """`bytes=a-b`, `a-` or `-n`; anything else (several, other units) gets the whole file."""
    unit, _, spec = header.partition("=")
    first, dash, last = spec.strip().partition("-")
    digits = all(p == "" or (p.isascii() and p.isdigit() and len(p) < 19) for p in (first, last))
    if unit.strip() != "bytes" or not dash or not digits:
        return None
    if first:
        return int(first), min(int(last), size - 1) if last else size - 1
    return (max(0, size - int(last)), size - 1) if last else None


class _Slice:
    """A part of an open file that ends where it should."""

    def __init__(self, file: Any, length: int) -> None:
        self.file = file
        self.left = length

    def read(self, size: int = -1) -> bytes:
        size = self.left if size < 0 else min(size, self.left)
        data = self.file.read(size)
        self.left -= len(data)
        return data

    def close(self) -> None:
        self.file.close()
