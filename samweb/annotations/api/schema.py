"""How the answers look, for the OpenAPI document; `records` makes them."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from samweb.annotations.models import JobImage, Verdict
from samweb.annotations.services.kinds import HANDLERS
from samweb.projects.models import Label

MISSING = OpenApiResponse(description="Missing, or not yours: problem+json")
INVALID = OpenApiResponse(description="Refused, with a code and one sentence: problem+json")
STALE = OpenApiResponse(description="Changed since the version in If-Match: problem+json, `record`")


class PersonOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class MaskOut(serializers.Serializer):
    size = serializers.ListField(child=serializers.IntegerField(), help_text="[height, width]")
    counts = serializers.CharField(help_text="COCO's compressed RLE, column-major")
    area = serializers.IntegerField()
    bbox = serializers.ListField(child=serializers.IntegerField(), help_text="[x, y, w, h]")
    sha256 = serializers.CharField()


class MaskIn(serializers.Serializer):
    size = serializers.ListField(child=serializers.IntegerField(), help_text="[height, width]")
    counts = serializers.CharField(help_text="COCO's compressed RLE, or a list of counts")


class VerdictOut(serializers.Serializer):
    verdict = serializers.ChoiceField(choices=Verdict.Value.values)
    reason = serializers.CharField()
    note = serializers.CharField()
    reviewer = PersonOut(allow_null=True)
    annotation_version = serializers.IntegerField()
    at = serializers.DateTimeField()


class AnnotationOut(serializers.Serializer):
    id = serializers.UUIDField()
    image = serializers.UUIDField()
    layer = serializers.CharField()
    label = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    mask = MaskOut()
    recipe = serializers.JSONField(allow_null=True)
    attributes = serializers.DictField()
    track = serializers.UUIDField(allow_null=True)
    iscrowd = serializers.BooleanField()
    order_key = serializers.CharField()
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    author = PersonOut(allow_null=True)
    deleted = serializers.BooleanField()
    verdict = VerdictOut(allow_null=True)
    created = serializers.DateTimeField()
    updated = serializers.DateTimeField()


class AnnotationsOut(serializers.Serializer):
    results = AnnotationOut(many=True)
    seq = serializers.IntegerField()


class AnnotationIn(serializers.Serializer):
    """What PUT and PATCH of an annotation may carry."""

    label = serializers.UUIDField(allow_null=True, required=False)  # type: ignore[assignment]
    mask = MaskIn(required=False)
    recipe = serializers.JSONField(allow_null=True, required=False)
    attributes = serializers.DictField(required=False)
    track = serializers.UUIDField(allow_null=True, required=False)
    iscrowd = serializers.BooleanField(required=False)
    order_key = serializers.CharField(required=False)


class AnnotationNew(AnnotationIn):
    id = serializers.UUIDField(required=False)
    layer = serializers.CharField(required=False)


class OperationIn(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=sorted(HANDLERS))
    target = serializers.UUIDField()
    base_version = serializers.IntegerField(min_value=0)
    payload = serializers.DictField()
    client_time = serializers.DateTimeField(required=False, allow_null=True)
    active_ms = serializers.IntegerField(required=False, min_value=0)
    clicks = serializers.IntegerField(required=False, min_value=0)
    tool = serializers.CharField(required=False, max_length=40)
    source = serializers.CharField(required=False, max_length=40)  # type: ignore[assignment]


class BatchIn(serializers.Serializer):
    device = serializers.CharField(required=False, max_length=64)
    operations = OperationIn(many=True)


class OperationResultOut(serializers.Serializer):
    id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=["applied", "duplicate", "conflict", "rejected"])
    seq = serializers.IntegerField(required=False)
    version = serializers.IntegerField(required=False)
    record = serializers.DictField(required=False, allow_null=True)
    code = serializers.CharField(required=False)
    message = serializers.CharField(required=False)
    objects = serializers.ListField(
        child=serializers.DictField(), required=False,
        help_text="With missing_attributes: {id, label, missing} of the objects that lack some",
    )  # fmt: skip


class BatchOut(serializers.Serializer):
    results = OperationResultOut(many=True)
    seq = serializers.IntegerField()


class OperationOut(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    seq = serializers.IntegerField()
    base_version = serializers.IntegerField()
    version = serializers.IntegerField()
    actor = PersonOut(allow_null=True)
    client_time = serializers.DateTimeField(allow_null=True)
    received = serializers.DateTimeField()
    tool = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    clicks = serializers.IntegerField()
    active_ms = serializers.IntegerField()
    payload = serializers.DictField()


class CommentOut(serializers.Serializer):
    id = serializers.UUIDField()
    image = serializers.UUIDField()
    annotation = serializers.UUIDField(allow_null=True)
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    x = serializers.FloatField(allow_null=True)
    y = serializers.FloatField(allow_null=True)
    text = serializers.CharField()
    resolved = serializers.BooleanField()
    author = PersonOut(allow_null=True)
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    created = serializers.DateTimeField()
    deleted = serializers.BooleanField()


class CommentNew(serializers.Serializer):
    id = serializers.UUIDField(required=False)
    annotation = serializers.UUIDField(required=False, allow_null=True)
    parent = serializers.UUIDField(required=False, allow_null=True)  # type: ignore[assignment]
    x = serializers.FloatField(required=False, allow_null=True)
    y = serializers.FloatField(required=False, allow_null=True)
    text = serializers.CharField(max_length=10_000)


class CommentIn(serializers.Serializer):
    text = serializers.CharField(required=False, max_length=10_000)
    resolved = serializers.BooleanField(required=False)


class LabelOut(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    colour = serializers.CharField()
    kind = serializers.ChoiceField(choices=Label.Kind.choices)
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    order = serializers.IntegerField()
    hotkey = serializers.CharField()
    attribute_schema = serializers.DictField()
    post_rules = serializers.DictField()
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    deleted = serializers.BooleanField(required=False)


class LabelIn(serializers.Serializer):
    name = serializers.CharField(required=False, max_length=200)
    colour = serializers.CharField(required=False, help_text="#rrggbb")
    kind = serializers.ChoiceField(choices=Label.Kind.choices, required=False)
    parent = serializers.UUIDField(required=False, allow_null=True)  # type: ignore[assignment]
    order = serializers.IntegerField(required=False)
    hotkey = serializers.CharField(required=False, max_length=1)
    attribute_schema = serializers.DictField(required=False)
    post_rules = serializers.DictField(required=False)


class LabelNew(LabelIn):
    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=200)


class JobOut(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    project_name = serializers.CharField()
    name = serializers.CharField()
    instructions = serializers.CharField()
    assignee = PersonOut(allow_null=True)
    reviewer = PersonOut(allow_null=True)
    layer = serializers.CharField()
    counts = serializers.DictField(
        child=serializers.IntegerField(), allow_null=True, help_text="Images by state"
    )
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    created = serializers.DateTimeField()
    deleted = serializers.BooleanField()


class JobIn(serializers.Serializer):
    name = serializers.CharField(required=False, max_length=200)
    instructions = serializers.CharField(required=False)
    assignee = serializers.UUIDField(required=False, allow_null=True)
    reviewer = serializers.UUIDField(required=False, allow_null=True)


class JobNew(JobIn):
    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=200)
    layer = serializers.CharField(required=False)
    images = serializers.ListField(child=serializers.UUIDField(), required=False)
    all_unassigned = serializers.BooleanField(required=False)
    count = serializers.IntegerField(required=False, min_value=1)


class JobImageOut(serializers.Serializer):
    id = serializers.UUIDField()
    job = serializers.UUIDField()
    image = serializers.DictField(help_text="The whole image, as GET /images/{id}")
    layer = serializers.CharField()
    state = serializers.ChoiceField(choices=JobImage.State.choices)
    position = serializers.IntegerField()
    nothing_to_label = serializers.BooleanField()
    note = serializers.CharField()
    submitter = serializers.UUIDField(allow_null=True)
    reviewer = serializers.UUIDField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    objects = serializers.IntegerField()
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    deleted = serializers.BooleanField()


class JobImageMove(serializers.Serializer):
    to = serializers.ChoiceField(choices=JobImage.State.choices)
    note = serializers.CharField(required=False)
    nothing_to_label = serializers.BooleanField(required=False)


class ReviewOut(JobImageOut):
    risk = serializers.FloatField()
    reason = serializers.CharField()


class ChangesOut(serializers.Serializer):
    seq = serializers.IntegerField()
    more = serializers.BooleanField()
    annotations = AnnotationOut(many=True)
    comments = CommentOut(many=True)
    job_images = JobImageOut(many=True)
    labels = LabelOut(many=True)
    jobs = JobOut(many=True)
    images = serializers.ListField(child=serializers.DictField())


class ReadyOut(serializers.Serializer):
    total = serializers.IntegerField()
    ready = serializers.IntegerField()
    waiting = serializers.IntegerField()
    failed = serializers.IntegerField()


class WorkerOut(serializers.Serializer):
    seen_at = serializers.DateTimeField(allow_null=True)
    alive = serializers.BooleanField()


class OverviewOut(serializers.Serializer):
    images = ReadyOut()
    job_images = serializers.DictField(child=serializers.IntegerField())
    annotations = serializers.IntegerField()
    runs_active = serializers.ListField(child=serializers.DictField())
    worker = WorkerOut()
    seq = serializers.IntegerField()
