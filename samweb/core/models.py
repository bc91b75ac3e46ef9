"""Rows that belong to no stage: background runs, and the workers that were seen alive."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from samweb.core import clock
from samweb.core.ids import uuid7


class Row(models.Model):
    """What every public object has: a UUIDv7 that is its id for life, and its birth."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class Run(Row):
    """One background computation. The row is the truth; the broker carries its id as a hint.

    `project` is a plain id because core knows no app above it. While a run is active its
    `dedupe_key` is unique, so asking twice for the same work makes one run.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"  # refused its input; trying again would not help
        DEAD = "dead"  # three strikes
        CANCELLED = "cancelled"

    class Lane(models.TextChoices):
        INTERACTIVE = "interactive"
        BULK = "bulk"

    ACTIVE = (State.QUEUED, State.RUNNING)

    kind = models.CharField(max_length=40)
    dedupe_key = models.CharField(max_length=200)
    project = models.UUIDField(null=True, db_index=True)
    payload = models.JSONField(default=dict)
    lane = models.CharField(max_length=12, choices=Lane.choices, default=Lane.BULK)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    # The lease: who holds the run and until when. A fencing token, so that a worker which lost
    # its lease cannot finish what another has taken over. While the run is queued, `lease_until`
    # is the moment before which it is not tried again.
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    hinted = models.DateTimeField(null=True)  # when the broker was last told
    progress = models.JSONField(default=dict)  # {"done": int, "total": int, "message": str}
    cancel = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    result = models.JSONField(null=True)
    created_by = models.UUIDField(null=True)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=Q(state__in=["queued", "running"]),
                name="run_active_once",
            )
        ]
        indexes = [
            models.Index(fields=["state", "lane", "created"], name="run_due"),
            models.Index(fields=["project", "-created"], name="run_of_project"),
            models.Index(fields=["dedupe_key", "-created"], name="run_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class WorkerPresence(models.Model):
    """A worker process and when it was last seen, so that 'no worker is running' can be said."""

    name = models.CharField(primary_key=True, max_length=200)
    seen = models.DateTimeField(default=clock.now)
    started = models.DateTimeField(default=clock.now)
    info = models.JSONField(default=dict)  # {"device": str, "bundles": [id]}

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """Something that one process at a time does: who does it, and until when."""

    name = models.CharField(primary_key=True, max_length=60)
    holder = models.CharField(max_length=200)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"
