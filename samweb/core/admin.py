"""Runs and workers in Django's admin: to look at, not to edit."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from samweb.core.models import Run, WorkerPresence


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list that nobody can change from here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnly):
    """What computed, how often it was tried, and why it ended."""

    list_display = ["kind", "lane", "state", "attempts", "worker", "created", "finished", "error"]
    list_filter = ["state", "kind", "lane"]


@admin.register(WorkerPresence)
class WorkerPresenceAdmin(ReadOnly):
    """Which workers were seen when."""

    list_display = ["name", "seen", "started", "info"]
