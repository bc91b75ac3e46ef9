"""Writes about people. Secrets leave once and are kept as digests."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from samweb.accounts.models import ApiToken, SignInLink, User
from samweb.core import clock


def digest(secret: str) -> str:
    """SHA-256 (hex) of a random secret; slow hashing is for passwords that people choose."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_create(*, user: User, name: str) -> tuple[ApiToken, str]:
    """Make an API token; the second value is shown once."""
    secret = f"sw_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user, name=name, prefix=secret[:8], digest=digest(secret)
    )
    return token, secret


def token_use(secret: str) -> ApiToken | None:
    """The live token with this secret, or None."""
    token = ApiToken.objects.select_related("user").filter(digest=digest(secret)).first()
    if token is None or token.revoked or not token.user.is_active:
        return None
    if token.expires and token.expires < clock.now():
        return None
    return token


def sign_in_link_create(*, user: User, next: str = "/", minutes: int = 60) -> str:
    """Make a one-time sign-in link; returns its secret."""
    secret = secrets.token_urlsafe(24)
    SignInLink.objects.create(
        user=user, digest=digest(secret), next=next,
        expires=clock.now() + timedelta(minutes=minutes),
    )  # fmt: skip
    return secret


def sign_in_link_use(secret: str) -> SignInLink | None:
    """Spend a link: the first use wins, also when two come at once."""
    now = clock.now()
    spent = SignInLink.objects.filter(
        digest=digest(secret), used__isnull=True, expires__gt=now, user__is_active=True
    ).update(used=now)
    return SignInLink.objects.select_related("user").get(digest=digest(secret)) if spent else None
