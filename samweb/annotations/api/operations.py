"""The write path of the editor, and the feed that brings every other browser up to date."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from samweb.annotations.api.schema import INVALID, MISSING, BatchIn, BatchOut, ChangesOut
from samweb.annotations.selectors.changes import changes_since
from samweb.annotations.services.operations import MOST_OPERATIONS, operations_apply
from samweb.core.api import ApiView, Request, known_parameters, whole_number
from samweb.core.errors import ApiError, Rejected, TooLarge
from samweb.projects import selectors as projects


class OperationsView(ApiView):
    """Stage 7 of the flow: `POST /projects/{id}/operations` -> `operations_apply`."""

    @extend_schema(
        operation_id="operations_apply", tags=["operations"], request=BatchIn,
        parameters=[
            OpenApiParameter(
                "X-Samweb-User", str, OpenApiParameter.HEADER,
                description="Whose journal this is; refused under another sign-in",
            )
        ],
        responses={200: BatchOut, 400: INVALID, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Apply a batch; each operation is answered for itself."""
        project = projects.project_get(request.user, id, "annotator")
        owner = request.headers.get("X-Samweb-User")
        if owner is not None and owner != str(request.user.pk):
            raise ApiError(
                "These changes belong to another account. Sign in with it to send them.",
                status=401, code="other_user",
            )  # fmt: skip
        device, operations = batch_of(request.data)
        results, seq = operations_apply(
            user=request.user, project=project, device=device, operations=operations
        )
        return Response({"results": results, "seq": seq})


def batch_of(data: object) -> tuple[str, list[object]]:
    """The envelope only: one malformed operation must not hold up the others."""
    if not isinstance(data, dict) or not isinstance(data.get("operations"), list):
        raise Rejected("Send {device, operations: [...]}.")
    if unknown := sorted(set(map(str, data)) - {"device", "operations"}):
        raise Rejected(f"Unknown field {unknown[0][:60]!r}.", code="unknown_field")
    device = data.get("device", "")
    if not isinstance(device, str) or len(device) > 64 or not device.isprintable():
        raise Rejected("device must be a text of at most 64 characters.")
    if len(data["operations"]) > MOST_OPERATIONS:
        raise TooLarge(f"Send at most {MOST_OPERATIONS} operations at once.")
    return device, data["operations"]


class ChangesView(ApiView):
    """Stage 8 of the flow: what changed since the seq a browser knows."""

    @extend_schema(
        operation_id="changes_list", tags=["operations"],
        parameters=[OpenApiParameter("since", int), OpenApiParameter("limit", int)],
        responses={200: ChangesOut, 400: INVALID, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "since", "limit")
        project = projects.project_get(request.user, id)
        since = whole_number(request.query_params.get("since"), "since", 0, 0, 2**53)
        limit = whole_number(request.query_params.get("limit"), "limit", 500, 1, 1000)
        return Response(changes_since(project, since, limit))
