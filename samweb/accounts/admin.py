"""Django's admin: for looking. Rights and passwords change through the API and commands alone.

Only instance admins get in; staff who are not can neither see people nor raise anybody.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from samweb.accounts.models import ApiToken, AuditEvent, User


class ReadOnly(admin.ModelAdmin):
    """Rows to look at, by the instance admin."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _admin(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _admin(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _admin(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False)) and request.user.is_active


@admin.register(User)
class UserAdmin(ReadOnly):
    list_display = ("username", "display_name", "is_active", "is_superuser", "last_login")
    search_fields = ("username", "display_name")
    fields = (
        "id", "username", "display_name", "is_active", "is_superuser", "can_create_projects",
        "date_joined", "last_login",
    )  # fmt: skip


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ("name", "prefix", "user", "created", "last_used", "revoked")
    fields = ("name", "prefix", "user", "created", "last_used", "expires", "revoked")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ("created", "actor", "action", "target_type", "target", "address")
    list_filter = ("action",)


def _sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The app's own sign-in, which is throttled; there is no second one."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return HttpResponseRedirect("/sign-in?next=/admin/")


admin.site.unregister(Group)
admin.site.has_permission = _admin  # type: ignore[method-assign]
admin.site.login = _sign_in  # type: ignore[method-assign]
