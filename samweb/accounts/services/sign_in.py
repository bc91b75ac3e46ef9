"""Sign-in with a password: uniform answers, and a throttle per account and address."""

from __future__ import annotations

import math
from datetime import timedelta

from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import HttpRequest

from samweb.accounts.models import SignInAttempt, User
from samweb.accounts.services.audit import audit
from samweb.accounts.services.tokens import digest
from samweb.core import clock
from samweb.core.errors import ApiError, TooMany

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 6  # of one account from one address
TRIES_PER_ADDRESS = 60  # of all accounts from one address


def sign_in(*, request: HttpRequest, username: str, password: str, address: str) -> User:
    """Open a session (with a new key) for who knows the password.

    Raises TooMany (429, `retry_after` seconds) after too many failures, and 401 `bad_credentials`
    for a wrong password, an unknown name and a closed account alike.
    """
    keys = _keys(username, address)
    _check_throttle(keys)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        _remember_failure(keys, address)
        raise ApiError("Username or password is wrong.", code="bad_credentials", status=401)
    login(request, user)
    request.session.cycle_key()  # also when the same person was signed in already
    with transaction.atomic():
        SignInAttempt.objects.filter(key=keys[0][0]).delete()
        audit("sign_in", actor=user, target=user, address=address)
    return user


def _keys(username: str, address: str) -> list[tuple[str, int]]:
    """Throttle keys with their limits. Names are hashed: people type passwords into that field."""
    account = digest(username.casefold())[:32]
    return [
        (f"account:{account}:{address}", TRIES_PER_ACCOUNT),
        (f"address:{address}", TRIES_PER_ADDRESS),
    ]


def _check_throttle(keys: list[tuple[str, int]]) -> None:
    now = clock.now()
    for key, most in keys:
        recent = list(
            SignInAttempt.objects.filter(key=key, at__gt=now - WINDOW)
            .order_by("-at")
            .values_list("at", flat=True)[:most]
        )
        if len(recent) >= most:
            wait = max(1, math.ceil((recent[-1] + WINDOW - now).total_seconds()))
            raise TooMany(
                f"Too many failed sign-ins. Try again in {math.ceil(wait / 60)} minutes.",
                code="throttled",
                retry_after=wait,
            )


@transaction.atomic
def _remember_failure(keys: list[tuple[str, int]], address: str) -> None:
    now = clock.now()
    SignInAttempt.objects.filter(at__lt=now - 4 * WINDOW).delete()
    SignInAttempt.objects.bulk_create([SignInAttempt(key=key, at=now) for key, _ in keys])
    audit("sign_in.failed", actor=None, address=address, account=keys[0][0].split(":")[1])
