"""Requests that are no requests: a precise 4xx as problem+json, never a 5xx, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from samweb.core.middleware import BodyLimit
from samweb.projects.models import Project
from tests import cast

pytestmark = pytest.mark.django_db
As = Callable[[cast.User], APIClient]
DEEP = '{"name":' * 100 + "1" + "}" * 100


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400), ("{", 400), ("null", 400), ("[]", 400), ('"x"', 400), ("\ufeff{}", 400),
        ('{"name": NaN}', 400), ('{"name": 1e999}', 400), ('{"name": "a", "name": "b"}', 400),
        ('{"name": "a"} x', 400), ('{"name": "\\u0000"}', 400), ('{"name": "\\ud800"}', 400),
        (DEEP, 400), ("[" * 100_000, 400), ('{"name": ' + "9" * 5000 + "}", 400),
        ('{"name": "' + "x" * (33 << 20) + '"}', 413), (b"\xff\xfe{}", 400),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_json_that_is_none_is_refused(body: Any, status: int, ada: cast.User, as_user: As) -> None:
    answer = as_user(ada).post("/api/v1/projects", body, content_type="application/json")
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= set(answer.json())
    assert Project.objects.count() == 0


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/json; charset=utf-7", "application/xml"],
)  # fmt: skip
def test_other_kinds_of_bodies_are_refused(content_type: str, ada: cast.User, as_user: As) -> None:
    answer = as_user(ada).post("/api/v1/projects", '{"name": "x"}', content_type=content_type)
    assert answer.status_code == 415
    assert Project.objects.count() == 0


def test_compressed_bodies_are_refused(ada: cast.User, as_user: As) -> None:
    answer = as_user(ada).post(
        "/api/v1/projects", "x", content_type="application/json", HTTP_CONTENT_ENCODING="gzip"
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "encoded")


@pytest.mark.parametrize("method", ["put", "delete", "options", "trace"])
def test_methods_that_are_not_offered_answer_405(method: str, ada: cast.User, as_user: As) -> None:
    answer = getattr(as_user(ada), method)("/api/v1/projects")
    assert answer.status_code == 405
    override = as_user(ada).post("/api/v1/tokens", HTTP_X_HTTP_METHOD_OVERRIDE="DELETE")
    assert override.status_code == 400


def test_what_is_not_there_is_a_problem_and_no_page(db: None) -> None:
    for url in ("/api/v1/nothing", "/api/v1/projects/1", "/api/v2/x"):
        answer = APIClient().get(url)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"


def test_a_foreign_host_header_is_refused(db: None) -> None:
    for host in ("evil.example", "a:b@c", "localhost.evil.example"):
        assert APIClient().get("/api/v1/session", HTTP_HOST=host).status_code == 400


def test_answers_are_private_and_typed(ada: cast.User, as_user: As) -> None:
    for answer in (as_user(ada).get("/api/v1/projects"), APIClient().get("/api/v1/projects"),
                   as_user(ada).get("/api/v1/projects", HTTP_ACCEPT="text/html")):  # fmt: skip
        assert answer["Cache-Control"] == "private, no-store"
        assert "json" in answer["Content-Type"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer["Content-Security-Policy"]


async def reach(path: str, chunks: list[bytes], headers: dict[str, str]) -> tuple[int, int]:
    """Send a body in chunks; (status, bytes that the app behind the limit was given)."""
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "headers": pairs}
    given, sent = 0, []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal given
        while True:
            message = await receive()
            given += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await BodyLimit(app)(scope, receive, send)
    return sent[0]["status"], given


async def test_a_body_without_a_length_ends_at_the_limit() -> None:
    chunk = b"x" * (1 << 20)
    assert await reach("/api/v1/projects", [chunk] * 100, {}) == (413, 32 << 20)
    assert await reach("/api/v1/projects", [chunk] * 3, {}) == (200, 3 << 20)


async def test_only_uploads_by_somebody_with_a_sign_in_may_be_large() -> None:
    path = "/api/v1/projects/01a203ef-046e-7aa3-819e-a789ad92705f/uploads"
    chunk = b"x" * (1 << 20)
    assert (await reach(path, [chunk] * 40, {}))[0] == 413
    assert await reach(path, [chunk] * 40, {"authorization": "Bearer x"}) == (200, 40 << 20)
    assert (await reach("/api/v1/x", [chunk] * 40, {"authorization": "Bearer x"}))[0] == 413


async def test_a_length_that_is_too_much_or_none_is_refused_before_the_body() -> None:
    for length in ("99999999999", "9" * 400, "-1", "x"):
        scope_headers = {"content-length": length, "authorization": "Bearer x"}
        assert await reach("/api/v1/projects", [b"x"], scope_headers) == (413, 0)
