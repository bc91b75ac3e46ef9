"""The few pages that are not the API: probes, the one-time sign-in link, the front end."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_safe

from samweb.accounts import services as accounts

NOT_BUILT = (
    "<!doctype html><title>samweb</title><p>The front end is not built yet: run "
    "<code>make run</code>, or <code>npm ci && npm run build</code> in <code>frontend/</code>."
)


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and is migrated, and the data folder can be written."""
    problems = {}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            problems["database"] = "not migrated"
    except DatabaseError as error:
        problems["database"] = f"does not answer: {type(error).__name__}"
    probe = settings.SAMWEB.data_dir / "tmp" / "ready"
    try:
        probe.write_bytes(b"")
    except OSError as error:
        problems["files"] = f"cannot be written: {error.strerror}"
    status = 503 if problems else 200
    return JsonResponse(
        {"status": "ready" if not problems else "not ready", **problems}, status=status
    )


@require_GET
def sign_in_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign in once by the link that `make run` prints; a used or old one leads to sign-in."""
    link = accounts.sign_in_link_use(secret)
    if link is None:
        return HttpResponseRedirect("/sign-in?link=used")
    login(request, link.user, backend="django.contrib.auth.backends.ModelBackend")
    inside = url_has_allowed_host_and_scheme(link.next, allowed_hosts=None)
    return HttpResponseRedirect(link.next if inside else "/")


@require_safe
@ensure_csrf_cookie
def front_end(request: HttpRequest) -> HttpResponse:
    """The single page; its router knows the rest of the path."""
    index = settings.FRONTEND_DIST / "index.html"
    if not index.is_file():
        return HttpResponse(NOT_BUILT, status=503)
    return HttpResponse(index.read_bytes())
