"""Comments for scripts; the editor writes them as operations."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from samweb.annotations.api.annotations import IF_MATCH, body_of, new_id
from samweb.annotations.api.schema import INVALID, MISSING, STALE, CommentIn, CommentNew, CommentOut
from samweb.annotations.records import comment_record
from samweb.annotations.selectors import annotations as selectors
from samweb.annotations.services.direct import operation_apply
from samweb.core.api import ApiView, Request, if_match_version, known_parameters, page, page_of
from samweb.projects import selectors as projects


class ImageCommentsView(ApiView):
    """What was said about an image."""

    @extend_schema(
        operation_id="image_comments", tags=["comments"],
        responses={200: page_of(CommentOut), 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "cursor", "limit")
        image = projects.image_get(request.user, id)
        rows = selectors.comments_of(image)
        return page(request, rows, lambda found: [comment_record(row) for row in found])

    @extend_schema(
        operation_id="comment_create", tags=["comments"], request=CommentNew,
        responses={201: CommentOut, 400: INVALID, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        image = projects.image_get(request.user, id, "annotator")
        body = body_of(request)
        target = new_id(body)
        operation_apply(
            user=request.user, project=image.project, kind="comment.create", target=target,
            base_version=0, payload={**body, "image": str(image.pk)},
        )  # fmt: skip
        return Response(comment_record(selectors.comment_get(request.user, target)), status=201)


class CommentView(ApiView):
    """One comment: its words are its author's."""

    @extend_schema(
        operation_id="comment_get", tags=["comments"], responses={200: CommentOut, 404: MISSING}
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(comment_record(selectors.comment_get(request.user, id)))

    @extend_schema(
        operation_id="comment_change", tags=["comments"], parameters=[IF_MATCH], request=CommentIn,
        responses={200: CommentOut, 400: INVALID, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        row = selectors.comment_get(request.user, id)
        operation_apply(
            user=request.user, project=row.project, kind="comment.update", target=row.pk,
            base_version=if_match_version(request), payload=body_of(request),
        )  # fmt: skip
        return Response(comment_record(selectors.comment_get(request.user, id)))

    @extend_schema(
        operation_id="comment_delete", tags=["comments"], parameters=[IF_MATCH],
        responses={204: None, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def delete(self, request: Request, id: UUID) -> Response:
        row = selectors.comment_get(request.user, id)
        operation_apply(
            user=request.user, project=row.project, kind="comment.delete", target=row.pk,
            base_version=if_match_version(request), payload={},
        )  # fmt: skip
        return Response(status=204)
