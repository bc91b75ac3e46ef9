"""Tokens, accounts and the audit journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from samweb.accounts.models import ApiToken, AuditEvent, User
from samweb.core import clock
from tests import cast

pytestmark = pytest.mark.django_db
As = Callable[[cast.User], APIClient]


def bearer(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_token_is_shown_once_works_and_ends_when_revoked(ben: cast.User, as_user: As) -> None:
    made = as_user(ben).post("/api/v1/tokens", {"name": "script"}, format="json")
    assert made.status_code == 201
    secret = made.json()["token"]
    assert bearer(secret).get("/api/v1/projects").status_code == 200
    listed = as_user(ben).get("/api/v1/tokens").json()["results"]
    assert [row["name"] for row in listed] == ["script"] and secret not in str(listed)
    assert secret not in str(list(ApiToken.objects.values()) + list(AuditEvent.objects.values()))
    url = f"/api/v1/tokens/{made.json()['id']}"
    assert as_user(ben).delete(url).status_code == 204
    refused = bearer(secret).get("/api/v1/projects")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert as_user(ben).delete(url).status_code == 404


def test_tokens_of_closed_accounts_and_old_ones_are_refused(ben: cast.User, as_user: As) -> None:
    secret = as_user(ben).post("/api/v1/tokens", {"name": "x"}, format="json").json()["token"]
    ApiToken.objects.update(expires=clock.now() - timedelta(seconds=1))
    assert bearer(secret).get("/api/v1/projects").status_code == 401
    ApiToken.objects.update(expires=None)
    User.objects.filter(pk=ben.pk).update(is_active=False)
    assert bearer(secret).get("/api/v1/projects").status_code == 401


@pytest.mark.parametrize("secret", ["", "x", "sw_" + "a" * 43, "\u00ff" * 10, "a" * 9000])
def test_a_token_that_is_none_is_refused(secret: str, db: None) -> None:
    assert bearer(secret).get("/api/v1/projects").status_code == 401


def test_a_token_makes_no_tokens_and_changes_no_password(ben: cast.User, as_user: As) -> None:
    secret = as_user(ben).post("/api/v1/tokens", {"name": "x"}, format="json").json()["token"]
    more = bearer(secret).post("/api/v1/tokens", {"name": "y"}, format="json")
    assert (more.status_code, more.json()["code"]) == (403, "not_by_token")
    body = {"password": "another long phrase", "current_password": cast.PASSWORD}
    assert bearer(secret).patch("/api/v1/session/user", body, format="json").status_code == 403


def test_somebody_elses_token_does_not_exist(ben: cast.User, eve: cast.User, as_user: As) -> None:
    token = as_user(ben).post("/api/v1/tokens", {"name": "x"}, format="json").json()
    assert as_user(eve).delete(f"/api/v1/tokens/{token['id']}").status_code == 404
    assert as_user(eve).get("/api/v1/tokens").json()["results"] == []


def test_the_command_line_prints_a_token_and_a_link(ben: cast.User) -> None:
    out = StringIO()
    call_command("token", "ben", stdout=out)
    assert bearer(out.getvalue().strip()).get("/api/v1/session").json()["user"]["username"] == "ben"
    out = StringIO()
    call_command("sign_in_link", "ben", "--next", "/account", stdout=out)
    path = "/" + out.getvalue().strip().split("/", 3)[3]
    assert APIClient().get(path)["Location"] == "/account"
    with pytest.raises(CommandError, match="no active account"):
        call_command("token", "nobody")


def test_only_the_admin_makes_accounts_and_a_generated_password_works(
    ada: cast.User, ben: cast.User, as_user: As
) -> None:
    body = {"username": "new", "display_name": "New"}
    assert as_user(ben).post("/api/v1/users", body, format="json").status_code == 403
    made = as_user(ada).post("/api/v1/users", body, format="json")
    assert made.status_code == 201
    signed_in = APIClient().post(
        "/api/v1/session", {"username": "new", "password": made.json()["password"]}, format="json"
    )
    assert signed_in.status_code == 200
    again = as_user(ada).post("/api/v1/users", {"username": "NEW"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "username_taken")


@pytest.mark.parametrize(
    "body",
    [
        {"username": "a b"}, {"username": "x\u0000"}, {"username": "<script>"}, {"username": ""},
        {"username": "ok", "is_superuser": True}, {"username": "ok", "id": "1"},
        {"username": "ok", "password": "123"}, {},
    ],
)  # fmt: skip
def test_accounts_that_cannot_be_are_refused(body: Any, ada: cast.User, as_user: As) -> None:
    assert as_user(ada).post("/api/v1/users", body, format="json").status_code == 400
    assert User.objects.count() == 1


def test_managers_find_people_by_the_start_of_their_name_and_others_do_not(
    ada: cast.User, max_: cast.User, ben: cast.User, eve: cast.User, as_user: As
) -> None:
    found = as_user(max_).get("/api/v1/users?search=ev").json()["results"]
    assert found == [{"id": str(eve.id), "username": "eve", "display_name": "Eve"}]
    assert as_user(max_).get("/api/v1/users").json()["results"] == []
    assert as_user(max_).get("/api/v1/users?search=%25%25").json()["results"] == []
    assert as_user(ben).get("/api/v1/users?search=ev").status_code == 403
    assert len(as_user(ada).get("/api/v1/users").json()["results"]) == 4


def test_the_admin_closes_accounts_but_not_the_own_one(
    ada: cast.User, ben: cast.User, as_user: As
) -> None:
    client = as_user(ada)
    closed = client.patch(f"/api/v1/users/{ben.id}", {"is_active": False}, format="json")
    assert closed.json()["is_active"] is False
    own = client.patch(f"/api/v1/users/{ada.id}", {"is_active": False}, format="json")
    assert own.json()["code"] == "own_account"
    assert as_user(ben).patch(f"/api/v1/users/{ada.id}", {}, format="json").status_code == 403


def test_the_audit_journal_is_for_the_admin(ada: cast.User, ben: cast.User, as_user: As) -> None:
    as_user(ada).post("/api/v1/users", {"username": "new"}, format="json")
    rows = as_user(ada).get("/api/v1/audit").json()["results"]
    assert rows[0]["action"] == "user.create" and rows[0]["actor"]["username"] == "ada"
    assert as_user(ben).get("/api/v1/audit").status_code == 403


@pytest.mark.parametrize(
    "query",
    ["owner__password=x", "ordering=password", "search=a&search__regex=b", "limit=0", "limit=1e9",
     "limit=-1", "limit=201", "cursor=forged", "cursor=WzEsMl0", "search=a%00b"],
)  # fmt: skip
def test_filters_that_nobody_offered_are_refused(query: str, ada: cast.User, as_user: As) -> None:
    assert as_user(ada).get(f"/api/v1/users?{query}").status_code == 400


def test_a_cursor_goes_on_where_the_page_ended_and_is_of_its_list_alone(
    ada: cast.User, as_user: As
) -> None:
    for name in "bcdef":
        cast.person(name * 2)
    client, seen, cursor = as_user(ada), [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/users?limit=2&cursor={cursor}").json()
        seen += [row["username"] for row in page["results"]]
        last, cursor = cursor or page["next"], page["next"]
    assert seen == ["ada", "bb", "cc", "dd", "ee", "ff"]
    assert client.get(f"/api/v1/projects?cursor={last}").status_code == 400


def test_django_admin_opens_to_nobody_but_instance_admins_and_changes_nothing(
    ada: cast.User, ben: cast.User
) -> None:
    User.objects.filter(pk=ben.pk).update(is_staff=True)
    staff, admin = APIClient(), APIClient()
    staff.login(username="ben", password=cast.PASSWORD)
    admin.login(username="ada", password=cast.PASSWORD)
    url = f"/admin/accounts/user/{ben.pk}/change/"
    assert staff.get(url, follow=True).status_code == 403
    assert APIClient().get(url, follow=True).redirect_chain[-1][0] == "/sign-in?next=/admin/"
    assert admin.get(url).status_code == 200
    ben.refresh_from_db()
    assert ben.password.encode() not in admin.get(url).content
    assert admin.post(url, {"is_superuser": "on"}).status_code == 403
