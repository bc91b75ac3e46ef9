"""What people drew and decided, and the journal of how it came to be.

Current rows = replay of operations, exactly (`manage.py verify_journal` proves it).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from samweb.core import clock
from samweb.core.models import Row
from samweb.projects.models import Image, Label, Project


class Mask(models.Model):
    """An immutable binary mask at image size, as a COCO RLE string (column-major)."""

    sha256 = models.CharField(primary_key=True, max_length=64)  # of "{height}x{width}:{counts}"
    height = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    counts = models.TextField()
    area = models.BigIntegerField()
    bbox = models.JSONField()  # [x, y, width, height] in image space; all 0 when empty

    def __str__(self) -> str:
        return self.sha256[:12]


class Annotation(Row):
    """One labelled object with one mask (COCO's sense; on screen an "object")."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="annotations")
    image = models.ForeignKey(Image, models.CASCADE, related_name="annotations")
    layer = models.CharField(max_length=60, default="main")  # main, blind:{job}, ground_truth
    label = models.ForeignKey(Label, models.PROTECT, null=True, related_name="annotations")
    mask = models.ForeignKey(Mask, models.PROTECT, related_name="+")
    recipe = models.JSONField(default=dict)
    attributes = models.JSONField(default=dict)
    track = models.UUIDField(null=True)
    iscrowd = models.BooleanField(default=False)
    order_key = models.CharField(max_length=120, default="")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField()
    updated = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["image", "layer"], name="annotation_of_image"),
            models.Index(fields=["project", "seq"], name="annotation_changes"),
            models.Index(fields=["project", "label"], name="annotation_by_label"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Verdict(models.Model):
    """What a reviewer last said of an annotation, and of which version of it."""

    class Value(models.TextChoices):
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    annotation = models.OneToOneField(
        Annotation, models.CASCADE, primary_key=True, related_name="verdict"
    )
    verdict = models.CharField(max_length=8, choices=Value.choices)
    reason = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    annotation_version = models.PositiveIntegerField()
    at = models.DateTimeField(default=clock.now)
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return self.verdict


class Operation(models.Model):
    """One durable edit, appended in the transaction that changes the row. Never edited."""

    id = models.UUIDField(primary_key=True)
    project = models.ForeignKey(Project, models.CASCADE, related_name="operations")
    seq = models.BigIntegerField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    device = models.CharField(max_length=64, blank=True)
    client_time = models.DateTimeField(null=True)
    received = models.DateTimeField(default=clock.now)
    kind = models.CharField(max_length=40)
    target = models.UUIDField()
    base_version = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    payload = models.JSONField(default=dict)
    active_ms = models.PositiveIntegerField(default=0)
    clicks = models.PositiveIntegerField(default=0)
    tool = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=40, blank=True)
    digest = models.CharField(max_length=64, blank=True)  # of the edit as sent: same id, same edit?

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "seq"], name="operation_seq_once"),
        ]
        indexes = [models.Index(fields=["target", "seq"], name="operation_of_target")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class Comment(Row):
    """A remark on an image, on a place in it (image space) or on one annotation."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="comments")
    image = models.ForeignKey(Image, models.CASCADE, related_name="comments")
    annotation = models.ForeignKey(Annotation, models.CASCADE, null=True, related_name="comments")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    x = models.FloatField(null=True)
    y = models.FloatField(null=True)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["project", "seq"], name="comment_changes")]

    def __str__(self) -> str:
        return self.text[:40]


class Job(Row):
    """Images handed out together to one assignee: people's work only."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    name = models.CharField(max_length=200)
    instructions = models.TextField(blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="jobs"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="review_jobs"
    )
    layer = models.CharField(max_length=60, default="main")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["project", "seq"], name="job_changes")]

    def __str__(self) -> str:
        return self.name


class JobImage(Row):
    """One image of a job: what is submitted and reviewed."""

    class State(models.TextChoices):
        NEW = "new"
        IN_WORK = "in_work"
        SUBMITTED = "submitted"
        IN_REVIEW = "in_review"
        RETURNED = "returned"
        ACCEPTED = "accepted"
        SKIPPED = "skipped"

    project = models.ForeignKey(Project, models.CASCADE, related_name="job_images")
    job = models.ForeignKey(Job, models.CASCADE, related_name="job_images")
    image = models.ForeignKey(Image, models.CASCADE, related_name="job_images")
    layer = models.CharField(max_length=60, default="main")
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    position = models.PositiveIntegerField(default=0)
    nothing_to_label = models.BooleanField(default=False)
    note = models.TextField(blank=True)  # the last word said with a move, e.g. why it came back
    submitter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "image"], name="job_image_once"),
        ]
        indexes = [
            models.Index(fields=["project", "state"], name="job_image_by_state"),
            models.Index(fields=["project", "seq"], name="job_image_changes"),
            models.Index(fields=["image", "layer"], name="job_image_of_image"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.state}"


class Suggestion(Row):
    """A fix a reviewer proposes for an annotation; its author takes it with one key."""

    annotation = models.ForeignKey(Annotation, models.CASCADE, related_name="suggestions")
    annotation_version = models.PositiveIntegerField()
    mask = models.ForeignKey(Mask, models.PROTECT, related_name="+")
    recipe = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"suggestion for {self.annotation_id}"
