"""What every request meets before its endpoint, and what every answer carries."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

# Without isolation the browser gives no SharedArrayBuffer, and the decoder has one thread.
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; "
    "img-src 'self' blob: data:; connect-src 'self' ws: wss: blob:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


# The requests that may carry files. All others hold JSON and are small.
WITH_FILES = re.compile(r"/api/v1/projects/[0-9a-f-]{36}/uploads/?")
MULTIPART_OVERHEAD = 1 << 20
WORDS = {400: "invalid", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyLimit:
    """ASGI: refuse a body that is too long, before and while it comes in.

    Django would first write all of it to disk, and believes the stated length. Only uploads by
    somebody who shows a sign-in (of whatever worth) may be large.
    """

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        signed_in = b"authorization" in headers or b"sessionid=" in headers.get(b"cookie", b"")
        if signed_in and WITH_FILES.fullmatch(scope["path"]):
            limit = settings.SAMWEB.max_upload_bytes + MULTIPART_OVERHEAD
        stated = headers.get(b"content-length", b"0")
        if not stated.isdigit() or int(stated[:20]) > limit:
            await _refuse(send, limit)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _BodyTooLong
            return message

        try:
            await self.app(scope, counted, send)
        except _BodyTooLong:
            await _refuse(send, limit)


class _BodyTooLong(Exception):
    pass


async def _refuse(send: Send, limit: int) -> None:
    body = {
        "type": "about:blank",
        "title": "Too large",
        "status": 413,
        "code": "too_large",
        "detail": f"The body of this request may have at most {limit >> 20} MB.",
    }
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


class IsolationHeaders:
    """Cross-origin isolation, a content security policy, and no caching of private answers.

    Below /api/ Django's own error pages become problem+json.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            response.status_code >= 400
            and request.path.startswith("/api/")
            and response.get("Content-Type", "").startswith("text/html")
        ):
            response = _problem(response.status_code)
        for name, value in ISOLATION.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _problem(status: int) -> HttpResponse:
    code = WORDS.get(status, "server_error" if status >= 500 else "invalid")
    texts = {
        "not_found": "There is no such thing here.",
        "server_error": "Something went wrong here; it has been noted. Nothing was half saved.",
    }
    body = {
        "type": "about:blank",
        "title": "Error",
        "status": status,
        "code": code,
        "detail": texts.get(code, "The request cannot be understood."),
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


def static_headers(headers: dict[str, str], path: str, url: str) -> None:
    """Whitenoise: the built front end's names carry hashes, so it may be kept for ever."""
    for name, value in ISOLATION.items():
        headers[name] = value
    if "/app/assets/" in url:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF refusal, as problem+json."""
    body = {
        "type": "about:blank",
        "title": "Not allowed",
        "status": 403,
        "code": "csrf",
        "detail": "The request lacks the X-CSRFToken header of this sign-in. Reload the page.",
    }
    return JsonResponse(body, status=403, content_type="application/problem+json")
