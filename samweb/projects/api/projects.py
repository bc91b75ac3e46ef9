"""Projects and who belongs to them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from samweb.accounts import selectors as accounts
from samweb.core.api import (
    ApiView,
    Request,
    checked,
    if_match_version,
    known_parameters,
    page,
    page_of,
)
from samweb.projects import presentation, selectors, services
from samweb.projects import serializers as shapes
from samweb.projects.models import Project

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True,
    description='Version of the object you are changing, such as "7". 428 without, 412 when stale.',
)  # fmt: skip
CURSOR = OpenApiParameter("cursor", str, description="`next` of the page before.")
LIMIT = OpenApiParameter("limit", int, description="Rows in a page, at most 200.")


class ProjectsView(ApiView):
    """Projects one belongs to."""

    @extend_schema(
        operation_id="projects_list", tags=["projects"], parameters=[CURSOR, LIMIT],
        responses=page_of(shapes.ProjectRecord),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """My projects, newest first."""
        known_parameters(request, "cursor", "limit")

        def present(rows: list[Project]) -> list[Any]:
            return presentation.project_json(rows, request.user)

        rows = selectors.project_scope(request.user)
        return page(request, rows, present, order=("-created", "id"))

    @extend_schema(
        tags=["projects"], request=shapes.ProjectInput, responses={201: shapes.ProjectRecord}
    )
    def post(self, request: Request) -> Response:
        """Make a project, with its first labels; you own it."""
        wanted = checked(shapes.ProjectInput, request.data)
        project = services.project_create(actor=request.user, **wanted)
        return Response(presentation.project_json([project], request.user)[0], status=201)


class ProjectView(ApiView):
    """One project."""

    @extend_schema(tags=["projects"], responses=shapes.ProjectRecord)
    def get(self, request: Request, id: UUID) -> Response:
        """One project of mine."""
        project = selectors.project_get(request.user, id)
        return Response(presentation.project_json([project], request.user)[0])

    @extend_schema(
        tags=["projects"], parameters=[IF_MATCH], request=shapes.ProjectChanges,
        responses=shapes.ProjectRecord,
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        """Change settings (manager)."""
        project = selectors.project_get(request.user, id, "manager")
        changes = checked(shapes.ProjectChanges, request.data)
        if "bundle" in changes:
            changes["bundle"] = changes["bundle"] or ""
        project = services.project_update(
            project=project, actor=request.user, base_version=if_match_version(request), **changes
        )
        return Response(presentation.project_json([project], request.user)[0])

    @extend_schema(tags=["projects"], parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Put a project away (owner)."""
        project = selectors.project_get(request.user, id, "owner")
        services.project_delete(
            project=project, actor=request.user, base_version=if_match_version(request)
        )
        return Response(status=204)


class MembershipsView(ApiView):
    """Who belongs to a project."""

    @extend_schema(
        operation_id="memberships_list", tags=["projects"], parameters=[CURSOR, LIMIT],
        responses=page_of(shapes.MembershipRecord),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        """The members of a project of mine."""
        known_parameters(request, "cursor", "limit")
        project = selectors.project_get(request.user, id)
        return page(request, selectors.members_of(project), presentation.membership_json)

    @extend_schema(
        tags=["projects"], request=shapes.MembershipInput,
        responses={201: shapes.MembershipRecord},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Add a person (manager), with a role not above your own."""
        project = selectors.project_get(request.user, id, "manager")
        wanted = checked(shapes.MembershipInput, request.data)
        user = accounts.person_named(wanted.get("user"), wanted.get("username"))
        membership = services.membership_add(
            project=project, actor=request.user, user=user, role=wanted["role"]
        )
        return Response(presentation.membership_json([membership])[0], status=201)


class MembershipView(ApiView):
    """One membership."""

    @extend_schema(
        tags=["projects"], request=shapes.MembershipChanges, responses=shapes.MembershipRecord
    )
    def patch(self, request: Request, id: UUID) -> Response:
        """Change a role (manager); neither the old nor the new one may be above yours."""
        membership = selectors.membership_get(request.user, id)
        wanted = checked(shapes.MembershipChanges, request.data)
        membership = services.membership_change(
            membership=membership, actor=request.user, role=wanted["role"]
        )
        return Response(presentation.membership_json([membership])[0])

    @extend_schema(tags=["projects"], responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Remove a member (manager), or leave."""
        membership = selectors.membership_get(request.user, id)
        services.membership_remove(membership=membership, actor=request.user)
        return Response(status=204)
