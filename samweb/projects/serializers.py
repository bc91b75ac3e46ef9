"""What the project endpoints take and give. The services check values; these check shapes."""

from __future__ import annotations

from rest_framework import serializers

from samweb.core.api import StrictSerializer
from samweb.projects.models import Label, Project, Role


class LabelInput(StrictSerializer):
    id = serializers.UUIDField(required=False, help_text="Made by the client, or by the server.")
    name = serializers.CharField(max_length=200)
    colour = serializers.CharField(max_length=7, required=False)
    kind = serializers.ChoiceField(Label.Kind.choices, required=False)
    order = serializers.IntegerField(required=False)
    hotkey = serializers.CharField(max_length=1, required=False, allow_blank=True)
    attribute_schema = serializers.DictField(required=False)
    post_rules = serializers.DictField(required=False)


class ProjectInput(StrictSerializer):
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    labels = LabelInput(many=True, required=False)


class ProjectChanges(StrictSerializer):
    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    bundle = serializers.RegexField(
        r"^([0-9a-f]{64})?$", required=False, allow_blank=True, allow_null=True,
        help_text="Id of the bundle that draws here; null: the newest.",
    )  # fmt: skip
    overlap_rule = serializers.ChoiceField(Project.OverlapRule.choices, required=False)
    self_review = serializers.BooleanField(required=False)


class ProjectCounts(serializers.Serializer):
    images = serializers.IntegerField()
    labelled = serializers.IntegerField(required=False)
    annotations = serializers.IntegerField(required=False)
    accepted = serializers.IntegerField(required=False)


class ProjectRecord(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    role = serializers.ChoiceField(Role.choices, help_text="Of the person who asks.")
    bundle = serializers.CharField(allow_null=True)
    overlap_rule = serializers.ChoiceField(Project.OverlapRule.choices)
    self_review = serializers.BooleanField()
    seq = serializers.IntegerField()
    version = serializers.IntegerField()
    created = serializers.DateTimeField()
    counts = ProjectCounts()


class MembershipInput(StrictSerializer):
    """`user` is an id; either it or `username` is given."""

    user = serializers.UUIDField(required=False)
    username = serializers.CharField(max_length=150, required=False)
    role = serializers.ChoiceField(Role.choices)

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        if ("user" in attrs) == ("username" in attrs):
            raise serializers.ValidationError({"user": ["Give user (an id) or username."]})
        return attrs


class MembershipChanges(StrictSerializer):
    role = serializers.ChoiceField(Role.choices)


class Member(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    display_name = serializers.CharField()


class MembershipRecord(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    user = Member()
    role = serializers.ChoiceField(Role.choices)
    created = serializers.DateTimeField()


class LabelRecord(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    colour = serializers.CharField()
    kind = serializers.ChoiceField(Label.Kind.choices)
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    order = serializers.IntegerField()
    hotkey = serializers.CharField()
    attribute_schema = serializers.DictField()
    post_rules = serializers.DictField()
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    deleted = serializers.BooleanField(required=False)


class ImageEmbedding(serializers.Serializer):
    state = serializers.ChoiceField(["ready", "queued", "running", "failed"])
    key = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    bundle = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True, required=False)


class ImageRecord(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    folder = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    format = serializers.CharField(help_text="Of the uploaded file.")
    bytes = serializers.IntegerField(help_text="Of the uploaded file.")
    pixels_sha256 = serializers.CharField(help_text="Of the upright RGB8 raster, row-major.")
    note = serializers.CharField(help_text="What was decided at upload, in words.")
    window = serializers.DictField(
        allow_null=True, help_text="Of high-bit images: the values shown as 0 and 255."
    )
    position = serializers.IntegerField()
    sequence = serializers.UUIDField(allow_null=True)
    split = serializers.CharField()
    external_id = serializers.CharField()
    metadata = serializers.DictField()
    attributes = serializers.DictField()
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    created = serializers.DateTimeField()
    thumbnail_url = serializers.CharField()
    pixels_url = serializers.CharField()
    embedding = ImageEmbedding(allow_null=True)
    deleted = serializers.BooleanField(required=False)


class ImageChanges(StrictSerializer):
    name = serializers.CharField(max_length=500, required=False)
    folder = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    position = serializers.IntegerField(required=False)
    split = serializers.ChoiceField(["", "train", "val", "test"], required=False)
    external_id = serializers.CharField(max_length=500, required=False, allow_blank=True)
    metadata = serializers.DictField(required=False)
    attributes = serializers.DictField(required=False)


class UploadInput(serializers.Serializer):
    """multipart/form-data: `file` may come many times, and with it as many `path`."""

    file = serializers.ListField(child=serializers.FileField())
    path = serializers.ListField(
        child=serializers.CharField(), required=False,
        help_text="Relative path of each file in a dropped folder.",
    )  # fmt: skip
    folder = serializers.CharField(required=False, help_text="Folder in the project to put it in.")


class UploadRow(serializers.Serializer):
    name = serializers.CharField()
    status = serializers.ChoiceField(["created", "duplicate", "refused", "unpacking"])
    image = ImageRecord(required=False)
    run = serializers.DictField(required=False, help_text="The run that unpacks an archive.")
    code = serializers.CharField(required=False)
    message = serializers.CharField(required=False, help_text="Why it was refused.")
    note = serializers.CharField(required=False, help_text="What was decided, in words.")


class UploadAnswer(serializers.Serializer):
    results = UploadRow(many=True)
