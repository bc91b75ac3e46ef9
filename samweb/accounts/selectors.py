"""Reads about people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from samweb.accounts.models import ApiToken, AuditEvent, User
from samweb.core.errors import Forbidden, NotFound


def require_admin(user: User) -> None:
    """Raise 403 unless this is the instance admin."""
    if not user.is_superuser:
        raise Forbidden("Only the instance admin may do that.", code="admin_only")


def token_scope(user: User) -> QuerySet[ApiToken]:
    """A person's live tokens."""
    return ApiToken.objects.filter(user=user, revoked__isnull=True)


def token_get(user: User, id: UUID) -> ApiToken:
    token = token_scope(user).filter(pk=id).first()
    if token is None:
        raise NotFound()
    return token


def people(search: str) -> QuerySet[User]:
    """All accounts, for the instance admin; `search` is part of the username or display name."""
    rows = User.objects.all()
    if search:
        rows = rows.filter(Q(username__icontains=search) | Q(display_name__icontains=search))
    return rows


def people_to_add(search: str) -> QuerySet[User]:
    """Active accounts whose username begins with `search`, for managers who add a member."""
    return User.objects.filter(is_active=True, username__istartswith=search)


def manages_something(user: User) -> bool:
    """Whether a person manages any project, and so may look for people to add."""
    memberships = user.memberships  # type: ignore[attr-defined]  # the app above gives it
    return bool(memberships.filter(role__in=("manager", "owner")).exists())


def user_get(id: UUID) -> User:
    user = User.objects.filter(pk=id).first()
    if user is None:
        raise NotFound()
    return user


def user_by_name(username: str) -> User | None:
    """The active account of that exact name, or None."""
    return User.objects.filter(username=username, is_active=True).first()


def instance_admin() -> User | None:
    """The oldest active instance admin."""
    admins = User.objects.filter(is_superuser=True, is_active=True)
    return admins.order_by("date_joined").first()


def audit_events() -> QuerySet[AuditEvent]:
    """The audit journal, newest first."""
    return AuditEvent.objects.select_related("actor")


def person_json(user: User | None) -> dict[str, Any] | None:
    """How a person is named to others: `{id, username, name}`."""
    if user is None:
        return None
    return {"id": str(user.pk), "username": user.username, "name": str(user)}


def person_named(id: UUID | None, username: str | None) -> User:
    """The active account with this id or exact username. Raises NotFound in words."""
    rows = User.objects.filter(is_active=True)
    user = rows.filter(pk=id).first() if id else rows.filter(username=username).first()
    if user is None:
        raise NotFound("There is no active account of that name.", code="unknown_user")
    return user
