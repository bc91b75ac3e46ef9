"""How bundles, embeddings and runs look as JSON, for the OpenAPI document and for answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from samweb.core.models import Run
from samweb.embeddings.models import Bundle


class TensorOut(serializers.Serializer):
    """One tensor of an embedding: where it lies in the bytes."""

    name = serializers.CharField()
    shape = serializers.ListField(child=serializers.IntegerField())
    dtype = serializers.CharField()
    offset = serializers.IntegerField()
    bytes = serializers.IntegerField()


class EmbeddingOut(serializers.Serializer):
    """Where an image's embedding stands; `url` gives its bytes once `state` is ready."""

    state = serializers.ChoiceField(choices=["ready", "queued", "running", "failed"])
    key = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    bundle = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    view = serializers.CharField()
    tensors = TensorOut(many=True)


class BundleFileOut(serializers.Serializer):
    url = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class BundleOut(serializers.Serializer):
    """A bundle: its manifest's members, and the address of each graph's file."""

    id = serializers.CharField()
    name = serializers.CharField()
    registered = serializers.DateTimeField()
    seen = serializers.DateTimeField()
    files = serializers.DictField(child=BundleFileOut())


class BundleListOut(serializers.Serializer):
    results = BundleOut(many=True)
    next = serializers.CharField(allow_null=True)


class ProgressOut(serializers.Serializer):
    done = serializers.IntegerField(required=False)
    total = serializers.IntegerField(required=False)
    message = serializers.CharField(required=False)


class RunOut(serializers.Serializer):
    """One background computation."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    project = serializers.UUIDField(allow_null=True)
    lane = serializers.ChoiceField(choices=Run.Lane.values)
    state = serializers.ChoiceField(choices=Run.State.values)
    progress = ProgressOut()
    attempts = serializers.IntegerField()
    cancelling = serializers.BooleanField()
    error = serializers.CharField()
    result = serializers.JSONField(allow_null=True)
    created = serializers.DateTimeField()
    started = serializers.DateTimeField(allow_null=True)
    finished = serializers.DateTimeField(allow_null=True)


class RunPageOut(serializers.Serializer):
    results = RunOut(many=True)
    next = serializers.CharField(allow_null=True)


def bundle_json(bundle: Bundle) -> dict[str, Any]:
    """A bundle as BundleOut, with its manifest."""
    graphs = bundle.manifest.get("graphs") or {}
    return {
        **bundle.manifest,
        "id": bundle.id,
        "name": bundle.name,
        "registered": bundle.registered.isoformat(),
        "seen": bundle.seen.isoformat(),
        "files": {
            name: {
                "url": f"/api/v1/bundles/{bundle.id}/files/{graph['file']}",
                "bytes": graph["bytes"],
                "sha256": graph["sha256"],
            }
            for name, graph in graphs.items()
            if graph
        },
    }
