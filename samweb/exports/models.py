"""What leaves and what comes in: exports, named releases, imports."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from samweb.core.models import Row
from samweb.projects.models import Project


class Release(Row):
    """A named state of a project: everything up to `seq`."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="releases")
    name = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="release_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Export(Row):
    """One archive of a project's masks. Its progress is its run's; its file is named by hash."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="exports")
    release = models.ForeignKey(Release, models.SET_NULL, null=True, related_name="exports")
    format = models.CharField(max_length=20)
    options = models.JSONField(default=dict)  # {"include": ..., "labels": [...]}
    run = models.UUIDField(null=True)
    snapshot_seq = models.BigIntegerField(null=True)
    file_name = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.BigIntegerField(null=True)
    report = models.JSONField(default=dict)  # what was read back and compared
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-created"], name="export_newest")]

    def __str__(self) -> str:
        return f"{self.format} export"


class Import(Row):
    """One file of annotations brought in, and what became of each row of it."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="imports")
    format = models.CharField(max_length=20)
    options = models.JSONField(default=dict)
    source_sha256 = models.CharField(max_length=64)
    run = models.UUIDField(null=True)
    report = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.format} import"
