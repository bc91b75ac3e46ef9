"""What is to be labelled, by whom, and into which labels. The project is the tenancy boundary."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from samweb.core.models import Row


class Project(Row):
    """A project. `seq` is its operation counter: taken inside the write transaction, gap-free."""

    class OverlapRule(models.TextChoices):
        ALLOWED = "allowed"
        EXCLUSIVE = "exclusive"

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    bundle = models.CharField(max_length=64, blank=True)  # id of the bundle that draws here
    overlap_rule = models.CharField(
        max_length=12, choices=OverlapRule.choices, default=OverlapRule.ALLOWED
    )
    self_review = models.BooleanField(default=False)
    seq = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    MANAGER = "manager"
    OWNER = "owner"


RANK = {role.value: rank for rank, role in enumerate(Role)}


class Membership(Row):
    """A person's role in a project; roles rank viewer < annotator < reviewer < manager < owner."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class Label(Row):
    """A class of objects. Deleting sets a tombstone, so that work in flight keeps its meaning."""

    class Kind(models.TextChoices):
        THING = "thing"
        STUFF = "stuff"

    project = models.ForeignKey(Project, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)  # NFKC, case folded: two names alike are one
    colour = models.CharField(max_length=7)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.THING)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="children")
    order = models.IntegerField(default=0)
    hotkey = models.CharField(max_length=1, blank=True)
    attribute_schema = models.JSONField(default=dict)
    post_rules = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name_key"],
                condition=Q(deleted_at__isnull=True),
                name="label_name_once",
            )
        ]
        indexes = [models.Index(fields=["project", "seq"], name="label_changes")]

    def __str__(self) -> str:
        return self.name


class Sequence(Row):
    """Frames of a video, pages of a document or slices of a volume: images in an order."""

    class Kind(models.TextChoices):
        VIDEO = "video"
        PAGES = "pages"
        SLICES = "slices"

    project = models.ForeignKey(Project, models.CASCADE, related_name="sequences")
    name = models.CharField(max_length=500)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    metadata = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class Image(Row):
    """One picture: its upright RGB8 raster is what is shown, embedded and labelled.

    `original_sha256` names the uploaded bytes (private); `pixels_sha256` the raster's bytes
    (height x width x 3, row-major); `display_sha256` the re-encoded file that browsers get.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="images")
    original_sha256 = models.CharField(max_length=64)
    pixels_sha256 = models.CharField(max_length=64, db_index=True)
    display_sha256 = models.CharField(max_length=64)
    display_type = models.CharField(max_length=12)  # our own enum: jpeg or png
    thumb_sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.BigIntegerField(default=0)  # of the uploaded file
    format = models.CharField(max_length=12)  # what the uploaded file was: JPEG, PNG, ...
    name = models.CharField(max_length=500)
    folder = models.CharField(max_length=1000, blank=True)
    external_id = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)  # what was decided at upload, in words
    window = models.JSONField(null=True)  # {"low": number, "high": number} for high-bit images
    metadata = models.JSONField(default=dict)
    attributes = models.JSONField(default=dict)
    sequence = models.ForeignKey(Sequence, models.SET_NULL, null=True, related_name="images")
    position = models.BigIntegerField(default=0)
    source = models.JSONField(default=dict)
    split = models.CharField(max_length=20, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "original_sha256", "folder", "name"],
                condition=Q(deleted_at__isnull=True),
                name="image_once",
            )
        ]
        indexes = [
            models.Index(fields=["project", "position", "id"], name="image_order"),
            models.Index(fields=["project", "folder", "name"], name="image_by_name"),
            models.Index(fields=["project", "seq"], name="image_changes"),
        ]

    def __str__(self) -> str:
        return self.name
