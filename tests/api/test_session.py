"""Signing in and out: uniform answers, a throttle, new session keys, links that work once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from samweb.accounts import services
from samweb.accounts.models import AuditEvent, SignInAttempt, User
from samweb.core import clock
from samweb.core.errors import Rejected
from tests import cast

pytestmark = pytest.mark.django_db
WRONG = {"username": "ben", "password": "not it"}


def sign_in(client: APIClient, username: str, password: str = cast.PASSWORD) -> Any:
    return client.post(
        "/api/v1/session", {"username": username, "password": password}, format="json"
    )


def test_nobody_is_signed_in_at_first_and_the_csrf_cookie_is_set(db: None) -> None:
    answer = APIClient().get("/api/v1/session")
    assert answer.json() == {"user": None}
    assert "csrftoken" in answer.cookies


def test_signing_in_names_the_user_and_signing_out_ends_it(ben: cast.User) -> None:
    client = APIClient()
    user = sign_in(client, "ben").json()["user"]
    assert user == {
        "id": str(ben.id), "username": "ben", "display_name": "Ben", "is_admin": False,
        "can_create_projects": False, "preferences": {},
    }  # fmt: skip
    assert client.get("/api/v1/session").json()["user"]["username"] == "ben"
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/projects").status_code == 401


def test_a_wrong_password_an_unknown_name_and_a_closed_account_answer_alike(
    ben: cast.User, dan: cast.User
) -> None:
    User.objects.filter(pk=dan.pk).update(is_active=False)
    answers = [
        sign_in(APIClient(), "ben", "wrong"),
        sign_in(APIClient(), "nobody", "wrong"),
        sign_in(APIClient(), "dan"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "bad_credentials"


def test_guessing_is_throttled_and_says_for_how_long_also_for_the_right_password(
    ben: cast.User,
) -> None:
    for _ in range(6):
        assert sign_in(APIClient(), "ben", "wrong").status_code == 401
    answer = sign_in(APIClient(), "ben")
    assert answer.status_code == 429
    assert 0 < answer.json()["retry_after"] <= 900
    assert answer["Retry-After"] == str(answer.json()["retry_after"])
    SignInAttempt.objects.update(at=clock.now() - timedelta(minutes=16))
    assert sign_in(APIClient(), "ben").status_code == 200


def test_a_forwarding_header_does_not_escape_the_throttle(ben: cast.User) -> None:
    for n in range(6):
        APIClient().post(
            "/api/v1/session", WRONG, format="json", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}"
        )
    assert sign_in(APIClient(), "ben").status_code == 429


def test_signing_in_changes_the_session_key(ben: cast.User) -> None:
    client = APIClient()
    sign_in(client, "ben")
    first = client.cookies["sessionid"].value
    sign_in(client, "ben")
    assert client.cookies["sessionid"].value != first


def test_every_change_by_cookie_needs_the_csrf_header_signing_in_too(ben: cast.User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    refused = sign_in(client, "ben")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    client.get("/api/v1/session")
    header = {"HTTP_X_CSRFTOKEN": client.cookies["csrftoken"].value}
    body = {"username": "ben", "password": cast.PASSWORD}
    assert client.post("/api/v1/session", body, format="json", **header).status_code == 200
    change = {"display_name": "Benjamin"}
    assert client.patch("/api/v1/session/user", change, format="json").status_code == 403
    header = {"HTTP_X_CSRFTOKEN": client.cookies["csrftoken"].value}
    answer = client.patch("/api/v1/session/user", change, format="json", **header)
    assert answer.json()["user"]["display_name"] == "Benjamin"


def test_sign_ins_and_failures_are_in_the_audit_journal_without_what_was_typed(
    ben: cast.User,
) -> None:
    sign_in(APIClient(), "my-password-by-mistake", "secret-canary")
    sign_in(APIClient(), "ben")
    assert list(AuditEvent.objects.order_by("created").values_list("action", flat=True)) == [
        "sign_in.failed", "sign_in",
    ]  # fmt: skip
    assert "my-password" not in str(list(AuditEvent.objects.values()))
    assert "canary" not in str(list(SignInAttempt.objects.values()))


def test_preferences_are_merged_and_null_removes(
    ben: cast.User, as_user: Callable[[cast.User], APIClient]
) -> None:
    client = as_user(ben)
    for preferences in ({"theme": "dark", "hotkeys": {"accept": "f"}}, {"theme": None}):
        answer = client.patch("/api/v1/session/user", {"preferences": preferences}, format="json")
    assert answer.json()["user"]["preferences"] == {"hotkeys": {"accept": "f"}}


@pytest.mark.parametrize(
    "preferences",
    [{"<script>": 1}, {"a": {"b": {"c": {"d": {"e": 1}}}}}, {"a": "x" * 20_000}, "text", [1]],
)
def test_preferences_that_are_no_small_plain_settings_are_refused(
    preferences: Any, ben: cast.User, as_user: Callable[[cast.User], APIClient]
) -> None:
    answer = as_user(ben).patch("/api/v1/session/user", {"preferences": preferences}, format="json")
    assert answer.status_code == 400


@pytest.mark.parametrize("field", ["id", "username", "is_superuser", "is_staff", "is_admin"])
def test_nobody_raises_themselves(
    field: str, ben: cast.User, as_user: Callable[[cast.User], APIClient]
) -> None:
    answer = as_user(ben).patch("/api/v1/session/user", {field: True}, format="json")
    assert answer.status_code == 400
    ben.refresh_from_db()
    assert not ben.is_superuser and not ben.is_staff and ben.username == "ben"


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(ben: cast.User) -> None:
    here, elsewhere = APIClient(), APIClient()
    sign_in(here, "ben")
    sign_in(elsewhere, "ben")
    url, new = "/api/v1/session/user", "another long phrase"
    assert here.patch(url, {"password": new}, format="json").status_code == 400
    wrong = here.patch(url, {"password": new, "current_password": "no"}, format="json")
    assert wrong.json()["code"] == "wrong_password"
    weak = here.patch(url, {"password": "1234", "current_password": cast.PASSWORD}, format="json")
    assert weak.json()["code"] == "weak_password"
    body = {"password": new, "current_password": cast.PASSWORD}
    assert here.patch(url, body, format="json").status_code == 200
    assert here.get("/api/v1/projects").status_code == 200
    assert elsewhere.get("/api/v1/projects").status_code == 401


def test_a_sign_in_link_works_once_and_lands_where_it_says(ben: cast.User) -> None:
    secret = services.sign_in_link_create(user=ben, next="/projects/1")
    client, late = APIClient(), APIClient()
    answer = client.get(f"/sign-in/{secret}")
    assert (answer.status_code, answer["Location"]) == (302, "/projects/1")
    assert client.get("/api/v1/session").json()["user"]["username"] == "ben"
    assert late.get(f"/sign-in/{secret}")["Location"] == "/sign-in?link=used"
    assert late.get("/api/v1/session").json()["user"] is None


def test_an_old_link_signs_nobody_in(ben: cast.User) -> None:
    secret = services.sign_in_link_create(user=ben, minutes=-1)
    assert APIClient().get(f"/sign-in/{secret}")["Location"] == "/sign-in?link=used"


@pytest.mark.parametrize("next", ["//evil.example", "/\\evil.example", "https:evil.example", "x"])
def test_a_sign_in_link_leads_nowhere_else(next: str, ben: cast.User) -> None:
    with pytest.raises(Rejected):
        services.sign_in_link_create(user=ben, next=next)


def test_the_first_run_makes_one_admin_whose_password_lies_in_a_private_file(
    db: None, data_dir: Path, capsys: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    call_command("first_run")
    call_command("first_run")
    file = data_dir / "admin_password"
    password = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    assert password not in capsys.readouterr().out
    assert User.objects.filter(is_superuser=True).count() == 1
    client = APIClient()
    assert sign_in(client, "admin", password).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.patch(
            "/api/v1/session/user",
            {"password": "a phrase of my own", "current_password": password}, format="json",
        )  # fmt: skip
    assert not file.exists()


def test_a_given_admin_password_is_taken_and_written_nowhere(
    db: None, data_dir: Path, settings: Any
) -> None:
    import dataclasses

    settings.SAMWEB = dataclasses.replace(
        settings.SAMWEB, admin_username="root", admin_password="given in the environment"
    )
    call_command("first_run", verbosity=0)
    assert sign_in(APIClient(), "root", "given in the environment").status_code == 200
    assert not (data_dir / "admin_password").exists()
