"""Django's admin: projects and their rows to look at, by the instance admin."""

from __future__ import annotations

from django.contrib import admin

from samweb.accounts.admin import ReadOnly
from samweb.projects.models import Image, Label, Membership, Project


@admin.register(Project)
class ProjectAdmin(ReadOnly):
    list_display = ("name", "created_by", "seq", "created", "deleted_at")
    search_fields = ("name",)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("project", "user", "role", "created")
    list_filter = ("role",)


@admin.register(Label)
class LabelAdmin(ReadOnly):
    list_display = ("name", "project", "colour", "kind", "version", "deleted_at")


@admin.register(Image)
class ImageAdmin(ReadOnly):
    list_display = ("name", "project", "width", "height", "format", "created", "deleted_at")
    search_fields = ("name",)
