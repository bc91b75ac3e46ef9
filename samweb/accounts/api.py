"""Sign-in, tokens, accounts and the audit journal over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import logout, update_session_auth_hash
from django.middleware.csrf import get_token, rotate_token
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from samweb.accounts import selectors, services
from samweb.accounts import serializers as shapes
from samweb.accounts.authentication import CookieAuthentication
from samweb.accounts.models import ApiToken
from samweb.core.api import (
    ApiView,
    Open,
    Request,
    checked,
    known_parameters,
    page,
    page_of,
    search_text,
)
from samweb.core.errors import Forbidden


def address_of(request: Request) -> str:
    """The peer's address. Forwarding headers are not read: anybody can send them."""
    return str(request.META.get("REMOTE_ADDR") or "")


def by_hand(request: Request) -> None:
    """Refuse tokens where a person must be at the keyboard: a stolen token must not multiply."""
    if isinstance(request.auth, ApiToken):
        raise Forbidden("A token cannot do that; sign in with a password.", code="not_by_token")


class SessionView(ApiView):
    """Who is signed in."""

    permission_classes = [Open]

    @extend_schema(responses=shapes.SessionAnswer, tags=["accounts"])
    def get(self, request: Request) -> Response:
        """Who is signed in, or null. Also sets the csrftoken cookie."""
        get_token(request._request)
        user = request.user if request.user.is_authenticated else None
        return Response({"user": shapes.SessionUser(user).data if user else None})

    @extend_schema(request=shapes.SignInInput, responses=shapes.SessionAnswer, tags=["accounts"])
    def post(self, request: Request) -> Response:
        """Sign in with a password. 401 bad_credentials; 429 with retry_after when throttled."""
        CookieAuthentication().enforce_csrf(request)  # signing somebody in is a change too
        wanted = checked(shapes.SignInInput, request.data)
        user = services.sign_in(request=request._request, address=address_of(request), **wanted)
        return Response({"user": shapes.SessionUser(user).data})

    @extend_schema(responses={204: None}, tags=["accounts"])
    def delete(self, request: Request) -> Response:
        """Sign out."""
        logout(request._request)
        rotate_token(request._request)
        return Response(status=204)


class SessionUserView(ApiView):
    """One's own account."""

    @extend_schema(
        request=shapes.SessionUserInput, responses=shapes.SessionAnswer, tags=["accounts"]
    )
    def patch(self, request: Request) -> Response:
        """Change one's name, preferences (merged, null removes) or password."""
        wanted = checked(shapes.SessionUserInput, request.data)
        current, new = wanted.pop("current_password", ""), wanted.pop("password", None)
        if new is not None:
            by_hand(request)
            services.password_change(
                user=request.user, current=current, new=new, address=address_of(request)
            )
            if hasattr(request._request, "session"):
                update_session_auth_hash(request._request, request.user)
        user = services.user_update(user=request.user, **wanted)
        return Response({"user": shapes.SessionUser(user).data})


class TokensView(ApiView):
    """API tokens of the person who is signed in."""

    @extend_schema(responses=page_of(shapes.Token), tags=["accounts"])
    def get(self, request: Request) -> Response:
        """My live tokens, without their secrets."""
        known_parameters(request, "cursor", "limit")
        return page(request, selectors.token_scope(request.user), _many(shapes.Token))

    @extend_schema(request=shapes.TokenInput, responses={201: shapes.NewToken}, tags=["accounts"])
    def post(self, request: Request) -> Response:
        """Make a token. Its text is in this answer and nowhere else, ever."""
        by_hand(request)
        wanted = checked(shapes.TokenInput, request.data)
        token, secret = services.token_create(
            user=request.user, name=wanted["name"], expires=wanted.get("expires_at"),
            address=address_of(request),
        )  # fmt: skip
        return Response({**shapes.Token(token).data, "token": secret}, status=201)


class TokenView(ApiView):
    """One token."""

    @extend_schema(responses={204: None}, tags=["accounts"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Revoke a token of mine."""
        token = selectors.token_get(request.user, id)
        services.token_revoke(token=token, actor=request.user, address=address_of(request))
        return Response(status=204)


class UsersView(ApiView):
    """Accounts."""

    @extend_schema(
        parameters=[OpenApiParameter("search", str)],
        responses=page_of(shapes.Person), tags=["accounts"],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """For the admin all accounts; for others, to add a member, those of a username's start.

        Without the admin's rights `search` needs two letters, and at most ten rows come.
        """
        known_parameters(request, "search", "cursor", "limit")
        search = search_text(request, "search")
        if request.user.is_superuser:
            rows = selectors.people(search)
            return page(request, rows, _many(shapes.Person), order=("username", "id"))
        if not selectors.manages_something(request.user):
            raise Forbidden("Only managers look for people to add.", code="managers_only")
        found = list(selectors.people_to_add(search)[:10]) if len(search) >= 2 else []
        return Response({"results": _many(shapes.PersonToAdd)(found), "next": None})

    @extend_schema(request=shapes.PersonInput, responses={201: shapes.NewPerson}, tags=["accounts"])
    def post(self, request: Request) -> Response:
        """Make an account (admin). A generated password is in this answer and nowhere else."""
        selectors.require_admin(request.user)
        wanted = checked(shapes.PersonInput, request.data)
        user, password = services.user_create(
            actor=request.user, address=address_of(request), **wanted
        )
        return Response({**shapes.Person(user).data, "password": password}, status=201)


class UserView(ApiView):
    """One account."""

    @extend_schema(request=shapes.PersonChanges, responses=shapes.Person, tags=["accounts"])
    def patch(self, request: Request, id: UUID) -> Response:
        """Change an account (admin): its name, whether it may make projects, whether it is open."""
        selectors.require_admin(request.user)
        changes = checked(shapes.PersonChanges, request.data)
        user = services.user_update_by_admin(
            user=selectors.user_get(id), actor=request.user, address=address_of(request), **changes
        )
        return Response(shapes.Person(user).data)


class AuditView(ApiView):
    """The audit journal."""

    @extend_schema(responses=page_of(shapes.AuditRow), tags=["accounts"])
    def get(self, request: Request) -> Response:
        """Who did what, newest first (admin)."""
        known_parameters(request, "cursor", "limit")
        selectors.require_admin(request.user)
        return page(
            request, selectors.audit_events(), _many(shapes.AuditRow), order=("-created", "id")
        )


def _many(shape: Any) -> Any:
    return lambda rows: list(shape(rows, many=True).data)
