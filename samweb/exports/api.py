"""Exports over HTTP: ask for one, watch it, fetch it, put it away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from samweb.core.api import (
    ApiView,
    Request,
    StrictSerializer,
    bytes_response,
    checked,
    known_parameters,
    page,
    page_of,
)
from samweb.core.errors import NotFound
from samweb.core.files import store
from samweb.exports import selectors, services
from samweb.exports.formats import NAMES
from samweb.projects.selectors import project_get


class ExportInput(StrictSerializer):
    """What to export. `labels` are ids; without them all labels go."""

    format = serializers.ChoiceField(choices=NAMES)
    include = serializers.ChoiceField(choices=list(services.LEAST_ROLE), default="accepted")
    labels = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, default=None, max_length=2000
    )
    images = serializers.BooleanField(
        default=False, help_text="Put the upright pictures, without metadata, into the archive."
    )


class ExportPerson(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()


class ExportRow(serializers.Serializer):
    """One export."""

    id = serializers.UUIDField()
    project = serializers.UUIDField()
    format = serializers.CharField(help_text="coco or png")
    include = serializers.CharField(help_text="accepted, submitted or all")
    labels = serializers.ListField(child=serializers.UUIDField(), allow_null=True)
    images = serializers.BooleanField()
    state = serializers.CharField(help_text="queued, running, done, failed or cancelled")
    progress = serializers.DictField()
    error = serializers.CharField()
    file_name = serializers.CharField()
    bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of the file; empty until it is done.")
    snapshot_seq = serializers.IntegerField(allow_null=True)
    report = serializers.DictField(help_text="What was read back and compared, and the rules.")
    url = serializers.CharField(allow_null=True)
    run = serializers.UUIDField(allow_null=True)
    author = ExportPerson(allow_null=True)
    created = serializers.DateTimeField()


def _address(request: Request) -> str:
    return str(request.META.get("REMOTE_ADDR") or "")


class ProjectExportsView(ApiView):
    """The exports of a project."""

    @extend_schema(
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=page_of(ExportRow), tags=["exports"],
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        """The project's exports, newest first. For every member."""
        known_parameters(request, "cursor", "limit")
        rows = selectors.exports_of(project_get(request.user, id))
        return page(request, rows, selectors.export_json, order=("-created", "id"))

    @extend_schema(request=ExportInput, responses={202: ExportRow}, tags=["exports"])
    def post(self, request: Request, id: UUID) -> Response:
        """Ask for an export; a worker makes it. Annotators and above, `all` for managers.

        429 export_limit while two of yours are at work.
        """
        project = project_get(request.user, id)
        wanted: dict[str, Any] = checked(ExportInput, request.data)
        export = services.export_create(
            project=project, actor=request.user, address=_address(request), **wanted
        )
        return Response(selectors.export_json([export])[0], status=202)


class ExportView(ApiView):
    """One export."""

    @extend_schema(responses=ExportRow, tags=["exports"])
    def get(self, request: Request, id: UUID) -> Response:
        """One export, with the progress of its run."""
        return Response(selectors.export_json([selectors.export_get(request.user, id)])[0])

    @extend_schema(responses={204: None}, tags=["exports"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Put an export away and remove its file. Its author may, and managers."""
        export = selectors.export_get(request.user, id)
        services.export_delete(export=export, actor=request.user, address=_address(request))
        return Response(status=204)


class ExportFileView(ApiView):
    """The archive itself."""

    @extend_schema(
        responses={(200, "application/zip"): OpenApiTypes.BINARY}, tags=["exports"],
        parameters=[OpenApiParameter("Range", str, OpenApiParameter.HEADER)],
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The archive as an attachment. Range is honoured; the ETag is its SHA-256."""
        export = selectors.finished_get(request.user, id)
        path = store().path("exports", export.sha256)
        if not path.is_file():
            raise NotFound("The file of this export is gone; export again.")
        return bytes_response(
            request, path, content_type="application/zip", etag=export.sha256,
            download=export.file_name,
        )  # fmt: skip
