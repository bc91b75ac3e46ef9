"""Images: uploading, listing, serving their pixels. Originals are never served."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from samweb.core.api import (
    ApiView,
    Request,
    bytes_response,
    checked,
    encodable,
    if_match_version,
    known_parameters,
    page,
    page_of,
    search_text,
)
from samweb.core.errors import Rejected, TooLarge
from samweb.core.files import store
from samweb.core.presentation import run_json
from samweb.projects import presentation, selectors, services
from samweb.projects import serializers as shapes
from samweb.projects.api.projects import CURSOR, IF_MATCH, LIMIT

TYPES = {"jpeg": "image/jpeg", "png": "image/png"}


class UploadsView(ApiView):
    """Uploading."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        tags=["images"], request={"multipart/form-data": shapes.UploadInput},
        responses=shapes.UploadAnswer,
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Upload pictures and zip archives (manager). A bad file is named; the others go on.

        The answer has one row per file, in their order. Archives are unpacked by a run.
        """
        project = selectors.project_get(request.user, id, "manager")
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.SAMWEB.max_upload_bytes:
            raise TooLarge(f"At most {settings.SAMWEB.max_upload_bytes >> 20} MB in one request.")
        files, paths, folder = _parts(request)
        results = [
            services.file_add(
                project=project, actor=request.user, file=file, path=path, folder=folder
            )
            for file, path in zip(files, paths, strict=True)
        ]
        return Response({"results": _rows(results)})


def _parts(request: Request) -> tuple[list[Any], list[str], str]:
    files = request.FILES.getlist("file")
    fields = set(request.data) - {"file"}
    if unknown := sorted((fields | set(request.FILES)) - {"file", "folder", "path"}):
        raise Rejected(
            f"Unknown field {unknown[0]!r}. Known are: file, folder, path.", code="unknown_field"
        )
    if not files:
        raise Rejected("Send at least one file in the field `file`.", code="no_file")
    folders = request.data.getlist("folder")
    paths = request.data.getlist("path") or [file.name for file in files]
    if len(paths) != len(files) or len(folders) > 1:
        raise Rejected(
            "Send one `path` for each `file`, or none, and one `folder`.", code="paths_do_not_match"
        )
    folder = folders[0] if folders else ""
    if any("\x00" in text or not encodable(text) for text in [folder, *paths]):
        raise Rejected("A path holds NUL or half a character.", code="bad_text")
    return files, paths, folder


def _rows(results: list[services.Added]) -> list[dict[str, Any]]:
    images = [added.image for added in results if added.image is not None]
    records = {record["id"]: record for record in presentation.image_json(images)}
    rows: list[dict[str, Any]] = []
    for added in results:
        row: dict[str, Any] = {"name": added.name, "status": added.status}
        if added.image is not None:
            row["image"] = records[str(added.image.pk)]
            if added.image.note:
                row["note"] = added.image.note
        if added.run is not None:
            row["run"] = run_json(added.run)
        if added.message:
            row |= {"code": added.code, "message": added.message}
        rows.append(row)
    return rows


class ImagesView(ApiView):
    """Images of a project."""

    @extend_schema(
        operation_id="images_list", tags=["images"],
        parameters=[
            OpenApiParameter("folder", str, description="This folder and those below it."),
            OpenApiParameter("search", str, description="Part of the name or folder."),
            CURSOR, LIMIT,
        ],
        responses=page_of(shapes.ImageRecord),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        """A project's images in their order."""
        known_parameters(request, "folder", "search", "cursor", "limit")
        project = selectors.project_get(request.user, id)
        rows = selectors.images_of(
            project, folder=search_text(request, "folder", 1000),
            search=search_text(request, "search"),
        )  # fmt: skip
        return page(request, rows, presentation.image_json, order=("position", "id"))


class ImageView(ApiView):
    """One image."""

    @extend_schema(tags=["images"], responses=shapes.ImageRecord)
    def get(self, request: Request, id: UUID) -> Response:
        """One image, and where its embedding stands."""
        image = selectors.image_get(request.user, id)
        return Response(presentation.image_json([image])[0])

    @extend_schema(
        tags=["images"], parameters=[IF_MATCH], request=shapes.ImageChanges,
        responses=shapes.ImageRecord,
    )  # fmt: skip
    def patch(self, request: Request, id: UUID) -> Response:
        """Rename, move or describe an image (manager)."""
        image = selectors.image_get(request.user, id, "manager")
        changes = checked(shapes.ImageChanges, request.data)
        image = services.image_update(
            image=image, actor=request.user, base_version=if_match_version(request), **changes
        )
        return Response(presentation.image_json([image])[0])

    @extend_schema(tags=["images"], parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Put an image away (manager)."""
        image = selectors.image_get(request.user, id, "manager")
        services.image_delete(
            image=image, actor=request.user, base_version=if_match_version(request)
        )
        return Response(status=204)


class PixelsView(ApiView):
    """The picture itself."""

    @extend_schema(
        tags=["images"],
        responses={(200, type): OpenApiTypes.BINARY for type in TYPES.values()},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The upright picture, re-encoded without any metadata. It never changes."""
        image = selectors.image_get(request.user, id)
        return bytes_response(
            request, store().path("display", image.display_sha256),
            content_type=TYPES[image.display_type], etag=image.display_sha256,
        )  # fmt: skip


class ThumbnailView(ApiView):
    """The picture, small."""

    @extend_schema(tags=["images"], responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """At most 256 pixels on the longest side. It never changes."""
        image = selectors.image_get(request.user, id)
        return bytes_response(
            request, store().path("thumbs", image.thumb_sha256),
            content_type="image/jpeg", etag=image.thumb_sha256,
        )  # fmt: skip
