"""What the model computed ahead of time. All of it can be made again, so none is backed up."""

from __future__ import annotations

from django.db import models

from samweb.core import clock
from samweb.core.models import Row


class Bundle(models.Model):
    """Encoder + decoder + preprocessing, named by the hash of its canonical manifest."""

    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=120)
    manifest = models.JSONField()
    registered = models.DateTimeField(default=clock.now)
    seen = models.DateTimeField(default=clock.now)  # when a worker last offered it

    def __str__(self) -> str:
        return f"{self.name} {self.id[:12]}"


class Embedding(models.Model):
    """A named bundle of tensors of one view of one raster.

    key = sha256(pixels_sha256, bundle id, view, dtype): the same picture in two projects is
    embedded once. `view` is "full" or a box on the pyramid grid.
    """

    key = models.CharField(primary_key=True, max_length=64)
    pixels_sha256 = models.CharField(max_length=64)
    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="embeddings")
    view = models.CharField(max_length=120, default="full")
    dtype = models.CharField(max_length=10, default="float16")
    sha256 = models.CharField(max_length=64)  # of the stored bytes
    bytes = models.BigIntegerField()
    created = models.DateTimeField(default=clock.now)
    used = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["bundle", "pixels_sha256", "view"], name="embedding_of")]

    def __str__(self) -> str:
        return self.key[:12]


class ProposalSet(Row):
    """Masks nobody has taken yet: one blob per (raster, bundle, parameters), not rows."""

    key = models.CharField(max_length=64, unique=True)
    pixels_sha256 = models.CharField(max_length=64, db_index=True)
    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="proposal_sets")
    parameters = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} proposals"
