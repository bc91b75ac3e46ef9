"""Runs over HTTP. They live in core, which knows no membership, so their endpoints are here, in
the first app above projects that makes any."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response

from samweb.accounts.models import User
from samweb.core import runs
from samweb.core.api import ApiView, Request, known_parameters, page, whole_number
from samweb.core.errors import Forbidden, NotFound, Rejected
from samweb.core.models import Run
from samweb.core.presentation import run_json
from samweb.embeddings import selectors
from samweb.embeddings.serializers import RunOut, RunPageOut
from samweb.projects import selectors as projects
from samweb.projects.models import RANK, Role

MISSING = OpenApiResponse(description="Missing, or not yours: problem+json")
ENDED = OpenApiResponse(description="It is not in a state that allows this: problem+json")
PAGING = [
    OpenApiParameter("active", int, description="1: only queued and running ones"),
    OpenApiParameter("kind", str),
    OpenApiParameter("cursor", str),
    OpenApiParameter("limit", int),
]


class ProjectRunsView(ApiView):
    """What computes, or has computed, for a project; newest first."""

    @extend_schema(
        operation_id="project_runs", tags=["runs"], parameters=PAGING,
        responses={200: RunPageOut, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "active", "kind", "cursor", "limit")
        projects.project_get(request.user, id)
        active = bool(whole_number(request.query_params.get("active"), "active", 0, 0, 1))
        kind = request.query_params.get("kind", "")
        if kind and not (kind.isascii() and kind.isidentifier()):
            raise Rejected("kind must be the name of a kind of run.", code="bad_parameter")
        rows: QuerySet[Run] = selectors.runs_of(id, active=active, kind=kind)
        return page(
            request, rows, lambda found: [run_json(run) for run in found],
            order=("-created", "-id"),
        )  # fmt: skip


class RunView(ApiView):
    """One run."""

    @extend_schema(operation_id="run_get", tags=["runs"], responses={200: RunOut, 404: MISSING})
    def get(self, request: Request, id: UUID) -> Response:
        return Response(run_json(selectors.run_get(request.user, id)))


class RunCancelView(ApiView):
    """End a run: a queued one at once, a running one at its next checkpoint."""

    @extend_schema(
        operation_id="run_cancel", tags=["runs"], request=None,
        responses={200: RunOut, 404: MISSING, 409: ENDED},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        run = selectors.run_get(request.user, id)
        _may_steer(request.user, run)
        return Response(run_json(runs.cancel(run)))


class RunRetryView(ApiView):
    """Start a failed, dead or cancelled run anew."""

    @extend_schema(
        operation_id="run_retry", tags=["runs"], request=None,
        responses={200: RunOut, 404: MISSING, 409: ENDED},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        run = selectors.run_get(request.user, id)
        _may_steer(request.user, run)
        return Response(run_json(runs.retry(run)))


def _may_steer(user: User, run: Run) -> None:
    """Whoever asked for a run may steer it, and so may managers."""
    if run.created_by == user.pk:
        return
    role = projects.role_of(user, run.project) if run.project else None
    if role is None and not user.is_superuser:
        raise NotFound()
    if role is not None and RANK[role] < RANK[Role.MANAGER] and not user.is_superuser:
        raise Forbidden("Only its maker and managers may do this to a run.", code="role_too_low")
