"""The journal and what hangs on it, to look at: every change goes through the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from samweb.annotations.models import Annotation, Comment, Job, JobImage, Operation


class ReadOnly(admin.ModelAdmin):
    """Rows made by operations are never edited by hand: the replay would not give them.

    Also the instance admin sees the projects they belong to, and no others.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(project__memberships__user=request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Operation)
class OperationAdmin(ReadOnly):
    list_display = ("project", "seq", "kind", "target", "version", "actor", "received")
    list_filter = ("kind",)
    list_select_related = ("project", "actor")
    search_fields = ("id", "target")


@admin.register(Annotation)
class AnnotationAdmin(ReadOnly):
    list_display = ("id", "image", "layer", "label", "version", "author", "deleted_at")
    list_select_related = ("image", "label", "author")
    search_fields = ("id",)


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("name", "project", "assignee", "reviewer", "created", "deleted_at")
    list_select_related = ("project", "assignee", "reviewer")


@admin.register(JobImage)
class JobImageAdmin(ReadOnly):
    list_display = ("id", "job", "image", "state", "submitter", "reviewer")
    list_select_related = ("job", "image", "submitter", "reviewer")
    list_filter = ("state",)


@admin.register(Comment)
class CommentAdmin(ReadOnly):
    list_display = ("text", "image", "author", "created", "resolved_at")
    list_select_related = ("image", "author")
