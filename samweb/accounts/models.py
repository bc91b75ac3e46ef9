"""People, how they sign in, and what they did. Secrets are stored as SHA-256 digests only."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from samweb.core import clock
from samweb.core.ids import uuid7
from samweb.core.models import Row


class User(AbstractUser):
    """A person. `is_superuser` is the instance admin; `is_staff` opens Django's admin."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    display_name = models.CharField(max_length=120, blank=True)
    can_create_projects = models.BooleanField(default=False)
    preferences = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username


class ApiToken(Row):
    """A bearer token for scripts: shown once, kept as a digest."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12)  # enough to recognise it in a list
    digest = models.CharField(max_length=64, unique=True)
    last_used = models.DateTimeField(null=True)
    expires = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"


class SignInLink(Row):
    """A link that signs its user in once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    next = models.CharField(max_length=500, default="/")
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.user}"


class SignInAttempt(models.Model):
    """Failed sign-ins per account and address, for the throttle."""

    key = models.CharField(max_length=200, db_index=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="attempt_recent")]

    def __str__(self) -> str:
        return self.key


class AuditEvent(Row):
    """Who did what to whom: sign-ins, roles, tokens, exports. Never a secret, never edited."""

    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=40, blank=True)
    target = models.CharField(max_length=64, blank=True)
    project = models.UUIDField(null=True, db_index=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target}"
