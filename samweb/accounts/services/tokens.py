"""API tokens and one-time sign-in links: random secrets of which only a digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.http import url_has_allowed_host_and_scheme

from samweb.accounts.models import ApiToken, SignInLink, User
from samweb.accounts.services.audit import audit
from samweb.core import clock
from samweb.core.errors import NotFound, Rejected

USE_RESOLUTION = timedelta(minutes=5)  # last_used is no access log: one write in five minutes


def digest(secret: str) -> str:
    """SHA-256 (hex) of a random secret; slow hashing is for passwords that people choose."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def token_create(
    *, user: User, name: str, expires: datetime | None = None, address: str | None = None
) -> tuple[ApiToken, str]:
    """Make an API token; the second value is shown once. Raises Rejected for a past expiry."""
    if expires is not None and expires <= clock.now():
        raise Rejected("expires_at lies in the past.", code="bad_expiry")
    secret = f"sw_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user, name=name, prefix=secret[:8], digest=digest(secret), expires=expires
    )
    audit("token.create", actor=user, target=token, address=address, name=name)
    return token, secret


@transaction.atomic
def token_revoke(*, token: ApiToken, actor: User, address: str | None = None) -> None:
    """End a token. The row stays, so that the audit journal keeps its meaning."""
    if token.revoked is not None:
        raise NotFound()
    token.revoked = clock.now()
    token.save(update_fields=["revoked"])
    audit("token.revoke", actor=actor, target=token, address=address, name=token.name)


def token_use(secret: str) -> ApiToken | None:
    """The live token with this secret, or None."""
    token = ApiToken.objects.select_related("user").filter(digest=digest(secret)).first()
    if token is None or token.revoked or not token.user.is_active:
        return None
    now = clock.now()
    if token.expires and token.expires < now:
        return None
    if token.last_used is None or now - token.last_used > USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    return token


def sign_in_link_create(*, user: User, next: str = "/", minutes: int = 60) -> str:
    """Make a one-time sign-in link; returns its secret. `next` must be a path of this site."""
    if not next.startswith("/") or not url_has_allowed_host_and_scheme(next, allowed_hosts=None):
        raise Rejected("next must be a path of this site, such as /projects.", code="bad_next")
    secret = secrets.token_urlsafe(24)
    SignInLink.objects.create(
        user=user, digest=digest(secret), next=next,
        expires=clock.now() + timedelta(minutes=minutes),
    )  # fmt: skip
    return secret


@transaction.atomic
def sign_in_link_use(secret: str) -> SignInLink | None:
    """Spend a link: the first use wins, also when two come at once."""
    now = clock.now()
    spent = SignInLink.objects.filter(
        digest=digest(secret), used__isnull=True, expires__gt=now, user__is_active=True
    ).update(used=now)
    if not spent:
        return None
    link = SignInLink.objects.select_related("user").get(digest=digest(secret))
    audit("sign_in.link", actor=link.user, target=link.user)
    return link
