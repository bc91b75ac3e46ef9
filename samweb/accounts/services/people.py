"""Accounts: made by the instance admin, kept by their owners."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from samweb.accounts.models import User
from samweb.accounts.services.audit import audit
from samweb.core.errors import Conflict, Rejected


@transaction.atomic
def user_create(
    *,
    actor: User | None,
    username: str,
    display_name: str = "",
    password: str | None = None,
    can_create_projects: bool = False,
    admin: bool = False,
    address: str | None = None,
) -> tuple[User, str | None]:
    """Make an account. Without a password one is generated and returned, once.

    Raises Rejected (`bad_username`, `weak_password`) and Conflict (`username_taken`).
    """
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise Rejected(f"username: {error.messages[0]}", code="bad_username") from None
    username = User.normalize_username(username)
    if User.objects.filter(username__iexact=username).exists():
        raise Conflict(f"There is already an account {username!r}.", code="username_taken")
    generated = secrets.token_urlsafe(12) if password is None else None
    user = User(
        username=username, display_name=display_name, can_create_projects=can_create_projects,
        is_superuser=admin, is_staff=admin,
    )  # fmt: skip
    if password is not None:
        _check_password(password, user)
    user.set_password(generated or password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise Conflict(
            f"There is already an account {username!r}.", code="username_taken"
        ) from None
    audit("user.create", actor=actor, target=user, address=address, username=username, admin=admin)
    return user, generated


@transaction.atomic
def user_update(
    *, user: User, display_name: str | None = None, preferences: dict[str, Any] | None = None
) -> User:
    """Change one's own account. Preferences are merged key by key; null removes a key."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if display_name is not None:
        user.display_name = display_name
    if preferences is not None:
        merged = {**user.preferences, **preferences}
        user.preferences = {key: value for key, value in merged.items() if value is not None}
    user.save(update_fields=["display_name", "preferences"])
    return user


@transaction.atomic
def user_update_by_admin(
    *, user: User, actor: User, address: str | None = None, **changes: Any
) -> User:
    """What the instance admin may change: display_name, can_create_projects, is_active."""
    if changes.get("is_active") is False and user.pk == actor.pk:
        raise Conflict("You cannot close your own account.", code="own_account")
    for name in ("display_name", "can_create_projects", "is_active"):
        if name in changes:
            setattr(user, name, changes[name])
    user.save(update_fields=["display_name", "can_create_projects", "is_active"])
    audit("user.update", actor=actor, target=user, address=address, **changes)
    return user


@transaction.atomic
def password_change(*, user: User, current: str, new: str, address: str | None = None) -> None:
    """Change one's password; all other sessions end. Raises Rejected.

    The generated first password lies in a file until it is changed: then the file goes.
    """
    if not user.check_password(current):
        raise Rejected("current_password is wrong.", code="wrong_password")
    _check_password(new, user)
    user.set_password(new)
    user.save(update_fields=["password"])
    audit("user.password", actor=user, target=user, address=address)
    kept = password_file()
    try:
        if kept.read_text().strip() == current:
            transaction.on_commit(lambda: kept.unlink(missing_ok=True))
    except OSError:
        pass


def password_file() -> Path:
    """Where a generated first password lies, mode 0600, until it is changed."""
    return Path(settings.SAMWEB.data_dir) / "admin_password"


def first_admin() -> User | None:
    """Make the instance admin if there is none; returns it, or None when there was one.

    The password is SAMWEB_ADMIN_PASSWORD, else a generated one that is written, before the
    account exists, to `<data>/admin_password` and is never printed.
    """
    if User.objects.filter(is_superuser=True).exists():
        return None
    given = settings.SAMWEB.admin_password
    password = given or secrets.token_urlsafe(15)
    if not given:
        _write_secret(password_file(), password)
    user = User(
        username=settings.SAMWEB.admin_username, display_name="Admin", is_superuser=True,
        is_staff=True, can_create_projects=True,
    )  # fmt: skip
    user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        audit("user.create", actor=None, target=user, username=user.username, admin=True)
    return user


def _check_password(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Rejected(" ".join(error.messages), code="weak_password") from None


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
