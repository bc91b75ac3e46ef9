"""Who is asking: a bearer token of a script, or the cookie of a browser."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from samweb.accounts import services
from samweb.accounts.models import ApiToken, User


class CookieAuthentication(SessionAuthentication):
    """Django's session cookie, with CSRF checked on every unsafe method."""


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = services.token_use(secret.strip())
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.", "bad_token")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="samweb"'
