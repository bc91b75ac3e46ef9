"""Annotations for scripts: read, and change with If-Match through the same service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response

from samweb.annotations.api.schema import (
    INVALID,
    MISSING,
    STALE,
    AnnotationIn,
    AnnotationNew,
    AnnotationOut,
    AnnotationsOut,
    OperationOut,
)
from samweb.annotations.models import Annotation
from samweb.annotations.records import annotation_record, operation_record
from samweb.annotations.selectors import annotations as selectors
from samweb.annotations.services.checks import Refused, uuid_of
from samweb.annotations.services.direct import operation_apply
from samweb.annotations.services.kinds.annotation import layer_checked
from samweb.core.api import ApiView, Request, if_match_version, known_parameters, page, page_of
from samweb.core.errors import Rejected
from samweb.core.ids import uuid7
from samweb.masks import png, rle
from samweb.projects import selectors as projects

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description='The version: "7"'
)
PNG = OpenApiResponse(OpenApiTypes.BINARY, description="1 bit a pixel, image size")
# PUT says everything there is to say: what is left out goes back to this.
BLANK: dict[str, Any] = {
    "label": None, "recipe": None, "attributes": {}, "order_key": "", "track": None,
    "iscrowd": False,
}  # fmt: skip


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    if not isinstance(request.data, dict):
        raise Rejected("Send a JSON object.")
    return dict(request.data)


def new_id(body: dict[str, Any]) -> UUID:
    """The id the client chose, taken out of the body; a new one when absent."""
    if "id" not in body:
        return uuid7()
    try:
        return uuid_of(body.pop("id"))
    except Refused as refusal:
        raise Rejected(f"id: {refusal.message}") from None


class ImageAnnotationsView(ApiView):
    """The objects on an image."""

    @extend_schema(
        operation_id="image_annotations", tags=["annotations"],
        parameters=[OpenApiParameter("layer", str)],
        responses={200: AnnotationsOut, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "layer")
        image = projects.image_get(request.user, id)
        try:
            layer = layer_checked(request.query_params.get("layer", "main"))
        except Refused as refusal:
            raise Rejected(f"layer {refusal.message}", code="bad_parameter") from None
        # The seq is read before the rows: at worst a change is seen twice, never missed.
        rows = [annotation_record(row) for row in selectors.annotations_of(image, layer)]
        return Response({"results": rows, "seq": image.project.seq})

    @extend_schema(
        operation_id="annotation_create", tags=["annotations"], request=AnnotationNew,
        responses={201: AnnotationOut, 400: INVALID, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Add an object: an `annotation.create` operation."""
        image = projects.image_get(request.user, id, "annotator")
        body = body_of(request)
        target = new_id(body)
        operation_apply(
            user=request.user, project=image.project, kind="annotation.create", target=target,
            base_version=0, payload={"label": None, **body, "image": str(image.pk)},
        )  # fmt: skip
        row = selectors.annotation_get(request.user, target)
        return Response(annotation_record(row), status=201)


class ProjectAnnotationsView(ApiView):
    """All objects of a project, for scripts."""

    @extend_schema(
        operation_id="project_annotations", tags=["annotations"],
        parameters=[
            OpenApiParameter("label", OpenApiTypes.UUID), OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
        responses={200: page_of(AnnotationOut), 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "label", "cursor", "limit")
        project = projects.project_get(request.user, id)
        label = None
        if wanted := request.query_params.get("label"):
            try:
                label = uuid_of(wanted)
            except Refused as refusal:
                raise Rejected(f"label {refusal.message}", code="bad_parameter") from None
        rows = selectors.annotations_in(project, label=label)
        return page(request, rows, lambda found: [annotation_record(row) for row in found])


class AnnotationView(ApiView):
    """One object. Changes need If-Match: 428 without, 412 with the record when it is stale."""

    @extend_schema(
        operation_id="annotation_get", tags=["annotations"],
        responses={200: AnnotationOut, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        return _answer(selectors.annotation_get(request.user, id))

    @extend_schema(
        operation_id="annotation_replace", tags=["annotations"], parameters=[IF_MATCH],
        request=AnnotationIn,
        responses={200: AnnotationOut, 400: INVALID, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def put(self, request: Request, id: UUID) -> Response:
        """Replace the object: what is left out goes back to nothing. `mask` is required."""
        body = body_of(request)
        row = selectors.annotation_get(request.user, id, "annotator")
        if "mask" not in body:
            raise Rejected("mask is missing. PATCH changes single fields.")
        return _answer(self._apply(request, row, "annotation.update", {**BLANK, **body}))

    @extend_schema(
        operation_id="annotation_change", tags=["annotations"], parameters=[IF_MATCH],
        request=AnnotationIn,
        responses={200: AnnotationOut, 400: INVALID, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        row = selectors.annotation_get(request.user, id, "annotator")
        return _answer(self._apply(request, row, "annotation.update", body_of(request)))

    @extend_schema(
        operation_id="annotation_delete", tags=["annotations"], parameters=[IF_MATCH],
        responses={204: None, 404: MISSING, 412: STALE, 428: STALE},
    )  # fmt: skip
    def delete(self, request: Request, id: UUID) -> Response:
        row = selectors.annotation_get(request.user, id, "annotator")
        self._apply(request, row, "annotation.delete", {})
        return Response(status=204)

    def _apply(
        self, request: Request, row: Annotation, kind: str, payload: dict[str, Any]
    ) -> Annotation:
        operation_apply(
            user=request.user, project=row.project, kind=kind, target=row.pk,
            base_version=if_match_version(request), payload=payload,
        )  # fmt: skip
        return selectors.annotation_get(request.user, row.pk)


def _answer(row: Annotation) -> Response:
    return Response(annotation_record(row), headers={"ETag": f'"{row.version}"'})


class AnnotationHistoryView(ApiView):
    """How an object came to be: its operations, oldest first."""

    @extend_schema(
        operation_id="annotation_history", tags=["annotations"],
        responses={200: page_of(OperationOut), 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        known_parameters(request, "cursor", "limit")
        row = selectors.annotation_get(request.user, id)
        return page(
            request, selectors.history_of(row),
            lambda found: [operation_record(operation) for operation in found],
            order=("seq", "id"), most=1000, default=1000,
        )  # fmt: skip


class AnnotationMaskView(ApiView):
    """The mask of an object as a picture."""

    @extend_schema(
        operation_id="annotation_mask", tags=["annotations"],
        responses={(200, "image/png"): PNG, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> HttpResponse:
        mask = selectors.annotation_get(request.user, id).mask
        pixels = rle.decode(mask.counts, mask.height, mask.width)
        return HttpResponse(
            png.binary_png(pixels), content_type="image/png",
            headers={
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "private, no-store",
                "ETag": f'"{mask.sha256}"',
            },
        )  # fmt: skip
