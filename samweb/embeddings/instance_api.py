"""The instance admin's page about models and workers, and "embed this project again"."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from samweb.accounts.selectors import require_admin
from samweb.core.api import ApiView, Request
from samweb.core.models import Run
from samweb.core.presentation import run_json
from samweb.embeddings import instance, services
from samweb.embeddings.serializers import RunOut

MISSING = OpenApiResponse(description="Missing, or not yours: problem+json")
ADMIN_ONLY = OpenApiResponse(description="You are not the instance admin: problem+json")


class WorkerOut(serializers.Serializer):
    name = serializers.CharField()
    device = serializers.CharField()
    bundles = serializers.ListField(child=serializers.CharField())
    started = serializers.DateTimeField()
    seen = serializers.DateTimeField()
    alive = serializers.BooleanField()


class LaneOut(serializers.Serializer):
    """How long a lane's queue is, and since when its oldest run waits."""

    lane = serializers.ChoiceField(choices=Run.Lane.values)
    queued = serializers.IntegerField()
    running = serializers.IntegerField()
    oldest_queued = serializers.DateTimeField(allow_null=True)


class InstanceBundleOut(serializers.Serializer):
    """`bytes` is of its files, `embedding_bytes` of one image, `disk` of all its embeddings."""

    id = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    licence = serializers.CharField()
    default = serializers.BooleanField()
    bytes = serializers.IntegerField()
    embedding_bytes = serializers.IntegerField()
    seen = serializers.DateTimeField()
    projects = serializers.ListField(child=serializers.CharField())
    embeddings = serializers.IntegerField()
    disk = serializers.IntegerField()


class InstanceProjectOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    bundle = serializers.CharField(allow_null=True)
    images = serializers.IntegerField()
    ready = serializers.IntegerField()


class DiskOut(serializers.Serializer):
    """Bytes."""

    embeddings = serializers.IntegerField()
    originals = serializers.IntegerField()
    free = serializers.IntegerField()


class FailedRunOut(RunOut):
    project_name = serializers.CharField(allow_null=True)


class InstanceOut(serializers.Serializer):
    """`runs` counts by state."""

    workers = WorkerOut(many=True)
    lanes = LaneOut(many=True)
    runs = serializers.DictField(child=serializers.IntegerField())
    bundles = InstanceBundleOut(many=True)
    projects = InstanceProjectOut(many=True)
    disk = DiskOut()
    runs_failed = FailedRunOut(many=True)


class InstanceView(ApiView):
    """Models, workers, queues and disk of this installation, for its admin."""

    @extend_schema(
        operation_id="instance_get", tags=["instance"],
        responses={200: InstanceOut, 403: ADMIN_ONLY},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        require_admin(request.user)
        return Response(instance.instance())


class ProjectEmbeddingsView(ApiView):
    """A project's embeddings."""

    @extend_schema(
        operation_id="project_embeddings_request", tags=["embeddings"], request=None,
        responses={202: RunOut, 404: MISSING},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Ask for all that are missing, those that failed before included (managers, the admin)."""
        project = instance.project_to_embed(request.user, id)
        run = services.embedding_request_all(project, failed=True, actor=request.user.pk)
        return Response(run_json(run), status=202)
