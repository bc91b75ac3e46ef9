"""Bundles and embeddings in Django's admin: to look at, not to edit."""

from __future__ import annotations

from django.contrib import admin

from samweb.core.admin import ReadOnly
from samweb.embeddings.models import Bundle, Embedding


@admin.register(Bundle)
class BundleAdmin(ReadOnly):
    """What workers have offered."""

    list_display = ["name", "id", "registered", "seen"]


@admin.register(Embedding)
class EmbeddingAdmin(ReadOnly):
    """What was computed, and how large it is."""

    list_display = ["key", "bundle", "view", "dtype", "bytes", "created"]
    list_filter = ["bundle", "view"]
