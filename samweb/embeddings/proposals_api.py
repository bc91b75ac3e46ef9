"""Proposals over HTTP: asked for per image or for a whole project, served as one file."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from samweb.core.api import ApiView, Request, bytes_response
from samweb.core.errors import NotFound
from samweb.core.files import store
from samweb.core.models import Run
from samweb.core.presentation import run_json
from samweb.embeddings import proposals
from samweb.embeddings.serializers import RunOut
from samweb.projects import selectors as projects

MISSING = OpenApiResponse(description="Missing, or not yours: problem+json")
TOO_LOW = OpenApiResponse(description="Your role does not allow this: problem+json")
NO_MODEL = OpenApiResponse(description="No worker has offered a model yet: problem+json")
FILE = OpenApiResponse(OpenApiTypes.OBJECT, description="Immutable under this address")


class ProposalsOut(serializers.Serializer):
    """Where an image's proposals stand; `run` computes them, `url` gives them once ready."""

    state = serializers.ChoiceField(choices=["none", "queued", "running", "ready", "failed"])
    key = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(allow_null=True)
    bundle = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    run = RunOut(allow_null=True)


class ImageProposalsView(ApiView):
    """The proposals of one image."""

    @extend_schema(
        operation_id="image_proposals_get", tags=["proposals"],
        responses={200: ProposalsOut, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        return Response(proposals.record(projects.image_get(request.user, id)))

    @extend_schema(
        operation_id="image_proposals_request", tags=["proposals"], request=None,
        responses={202: ProposalsOut, 403: TOO_LOW, 404: MISSING, 409: NO_MODEL},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Ask for them, ahead of the bulk (annotators and above). Asking twice makes one run."""
        image = projects.image_get(request.user, id, "annotator")
        proposals.request_image(image, lane=Run.Lane.INTERACTIVE, actor=request.user.pk)
        return Response(proposals.record(image), status=202)


class ProjectProposalsView(ApiView):
    """The proposals of all of a project's images."""

    @extend_schema(
        operation_id="project_proposals_request", tags=["proposals"], request=None,
        responses={202: RunOut, 403: TOO_LOW, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Ask for all that are missing (managers and above); one run walks the images."""
        project = projects.project_get(request.user, id, "manager")
        run = proposals.request_many(project, actor=request.user.pk)
        return Response(run_json(run), status=202)


class ProposalsView(ApiView):
    """One set of proposals (samweb/embeddings/proposal_format.py)."""

    @extend_schema(
        operation_id="proposals_bytes", tags=["proposals"],
        responses={(200, "application/json"): FILE, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, key: str) -> HttpResponseBase:
        found = proposals.visible(request.user, key)
        path = store().path("proposals", found.sha256)
        if not path.is_file():
            raise NotFound("The file of these proposals is gone; ask for them again.")
        return bytes_response(request, path, content_type="application/json", etag=found.sha256)
