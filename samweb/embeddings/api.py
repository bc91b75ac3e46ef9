"""Embeddings and bundles over HTTP. Bytes are served as bytes: never JSON, never base64."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

from samweb.core.api import ApiView, Request, bytes_response
from samweb.core.errors import NotFound
from samweb.core.files import store
from samweb.core.models import Run
from samweb.embeddings import selectors, services
from samweb.embeddings.serializers import BundleListOut, BundleOut, EmbeddingOut, bundle_json
from samweb.projects import selectors as projects

BYTES = OpenApiResponse(OpenApiTypes.BINARY, description="Raw bytes, immutable under this address")
MISSING = OpenApiResponse(description="Missing, or not yours: problem+json")


class ImageEmbeddingView(ApiView):
    """Where one image's embedding stands."""

    @extend_schema(
        operation_id="image_embedding_get", tags=["embeddings"],
        responses={200: EmbeddingOut, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Response:
        image = projects.image_get(request.user, id)
        return Response(selectors.embedding_record(image))

    @extend_schema(
        operation_id="image_embedding_request", tags=["embeddings"], request=None,
        responses={202: EmbeddingOut, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Ask for it (again), ahead of the bulk. The editor does so when it opens an image."""
        image = projects.image_get(request.user, id)
        services.embedding_request(image, lane=Run.Lane.INTERACTIVE, actor=request.user.pk)
        return Response(selectors.embedding_record(image), status=202)


class EmbeddingView(ApiView):
    """Step 5 of the flow: the tensors, one after another in manifest order, little-endian."""

    @extend_schema(
        operation_id="embedding_bytes", tags=["embeddings"],
        responses={(200, "application/octet-stream"): BYTES, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, key: str) -> HttpResponseBase:
        found = selectors.embedding_visible(request.user, key)
        path = store().path("embeddings", found.sha256)
        if not path.is_file():
            raise NotFound("The bytes of this embedding are gone; ask for it again.")
        return bytes_response(
            request, path, content_type="application/octet-stream", etag=found.sha256
        )


class BundleListView(ApiView):
    """The bundles that workers have offered: all for managers, else those of one's projects."""

    @extend_schema(operation_id="bundle_list", tags=["bundles"], responses=BundleListOut)
    def get(self, request: Request) -> Response:
        rows = [bundle_json(bundle) for bundle in selectors.bundles_for(request.user)]
        return Response({"results": rows, "next": None})


class BundleView(ApiView):
    """One bundle: its manifest and where its files are."""

    @extend_schema(
        operation_id="bundle_get", tags=["bundles"], responses={200: BundleOut, 404: MISSING}
    )
    def get(self, request: Request, id: str) -> Response:
        return Response(bundle_json(selectors.bundle_get(id)))


class BundleFileView(ApiView):
    """A file of a bundle, from the store; the browser's decoder comes from here."""

    @extend_schema(
        operation_id="bundle_file", tags=["bundles"],
        responses={(200, "application/octet-stream"): BYTES, 404: MISSING},
    )  # fmt: skip
    def get(self, request: Request, id: str, file: str) -> HttpResponseBase:
        graph = selectors.bundle_file(selectors.bundle_get(id), file)
        path = store().path("bundles", graph["sha256"])
        if not path.is_file():
            raise NotFound("The file is missing from the store; start a worker that has it.")
        return bytes_response(
            request, path, content_type="application/octet-stream", etag=graph["sha256"]
        )
