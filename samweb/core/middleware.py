"""Headers that every answer carries."""

from __future__ import annotations

from collections.abc import Callable

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


class IsolationHeaders:
    """Cross-origin isolation, a content security policy, and no caching of private answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in ISOLATION.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


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
