"""A project on one page: what is ready, how far people are, what runs."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from samweb.annotations.api.schema import MISSING, OverviewOut
from samweb.annotations.selectors.overview import overview
from samweb.core.api import ApiView, Request
from samweb.projects import selectors as projects


class OverviewView(ApiView):
    """The counts behind the manager's page."""

    @extend_schema(
        operation_id="project_overview", tags=["projects"],
        responses={200: OverviewOut, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        return Response(overview(projects.project_get(request.user, id)))
