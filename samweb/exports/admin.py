"""Exports in Django's admin: to look at, not to edit."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from samweb.exports.models import Export


@admin.register(Export)
class ExportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A read-only list."""

    list_display = ["project", "format", "created_by", "created", "bytes", "snapshot_seq"]
    list_filter = ["format"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
