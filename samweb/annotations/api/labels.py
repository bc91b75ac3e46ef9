"""Labels. A change is an operation, made by the same service as the editor's."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from samweb.annotations.api.annotations import IF_MATCH, body_of, new_id
from samweb.annotations.api.schema import INVALID, MISSING, STALE, LabelIn, LabelNew, LabelOut
from samweb.annotations.services.direct import operation_apply
from samweb.core.api import ApiView, Request, if_match_version, known_parameters, page, page_of
from samweb.projects import selectors as projects
from samweb.projects.presentation import label_json


class LabelListView(ApiView):
    """The labels of a project."""

    @extend_schema(
        operation_id="label_list", tags=["labels"],
        responses={200: page_of(LabelOut), 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "cursor", "limit")
        rows = projects.labels_of(projects.project_get(request.user, id))
        return page(
            request, rows, lambda found: [label_json(row) for row in found], order=("order", "id")
        )

    @extend_schema(
        operation_id="label_create", tags=["labels"], request=LabelNew,
        responses={201: LabelOut, 400: INVALID, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        project = projects.project_get(request.user, id, "manager")
        body = body_of(request)
        target = new_id(body)
        operation_apply(
            user=request.user, project=project, kind="label.create", target=target,
            base_version=0, payload=body,
        )  # fmt: skip
        return Response(label_json(projects.label_get(request.user, target)), status=201)


class LabelView(ApiView):
    """One label. Deleting sets a tombstone: what has the label keeps it."""

    @extend_schema(
        operation_id="label_get", tags=["labels"], responses={200: LabelOut, 404: MISSING}
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(label_json(projects.label_get(request.user, id)))

    @extend_schema(
        operation_id="label_change", tags=["labels"], parameters=[IF_MATCH], request=LabelIn,
        responses={200: LabelOut, 400: INVALID, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        row = projects.label_get(request.user, id, "manager")
        operation_apply(
            user=request.user, project=row.project, kind="label.update", target=row.pk,
            base_version=if_match_version(request), payload=body_of(request),
        )  # fmt: skip
        return Response(label_json(projects.label_get(request.user, id)))

    @extend_schema(
        operation_id="label_delete", tags=["labels"], parameters=[IF_MATCH],
        responses={204: None, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def delete(self, request: Request, id: UUID) -> Response:
        row = projects.label_get(request.user, id, "manager")
        operation_apply(
            user=request.user, project=row.project, kind="label.delete", target=row.pk,
            base_version=if_match_version(request), payload={},
        )  # fmt: skip
        return Response(status=204)
