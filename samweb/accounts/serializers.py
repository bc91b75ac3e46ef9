"""What the account endpoints take and give."""

from __future__ import annotations

import json
import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from samweb.core.api import StrictSerializer

PREFERENCE_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,60}")
PREFERENCES_BYTES = 16_384


def _simple(value: Any, depth: int = 0) -> bool:
    if isinstance(value, dict):
        return depth < 3 and all(
            PREFERENCE_KEY.fullmatch(key) and _simple(inner, depth + 1)
            for key, inner in value.items()
        )
    if isinstance(value, list):
        return depth < 3 and all(_simple(inner, depth + 1) for inner in value)
    return value is None or isinstance(value, bool | int | float | str)


class PreferencesField(serializers.DictField):
    """Small settings of one person: names to plain values. Never put into markup or script."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict) or not _simple(data):
            raise serializers.ValidationError("Must be names (letters, digits, _.:-) to values.")
        if len(json.dumps(data)) > PREFERENCES_BYTES:
            raise serializers.ValidationError("Must be smaller than 16 KB.")
        return data


class SessionUser(serializers.Serializer):
    """The person who is signed in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    is_admin = serializers.BooleanField(source="is_superuser")
    can_create_projects = serializers.SerializerMethodField()
    preferences = serializers.DictField()

    def get_can_create_projects(self, user: Any) -> bool:
        return bool(user.can_create_projects or user.is_superuser)


class SessionAnswer(serializers.Serializer):
    user = SessionUser(allow_null=True)


class SignInInput(StrictSerializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class SessionUserInput(StrictSerializer):
    display_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    preferences = PreferencesField(required=False)
    password = serializers.CharField(max_length=1000, required=False, trim_whitespace=False)
    current_password = serializers.CharField(max_length=1000, required=False, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "password" in attrs and "current_password" not in attrs:
            raise serializers.ValidationError({"current_password": ["Needed to change it."]})
        return attrs


class Token(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The first letters, to recognise it.")
    created = serializers.DateTimeField()
    last_used = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, source="expires")


class NewToken(Token):
    token = serializers.CharField(help_text="Shown this once.")


class TokenInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class Person(serializers.Serializer):
    """An account as the admin sees it; managers see id, username and display_name only."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    is_admin = serializers.BooleanField(source="is_superuser")
    is_active = serializers.BooleanField()
    can_create_projects = serializers.BooleanField()
    created = serializers.DateTimeField(source="date_joined")
    last_sign_in = serializers.DateTimeField(source="last_login", allow_null=True)


class PersonToAdd(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()


class NewPerson(Person):
    password = serializers.CharField(allow_null=True, help_text="Generated; shown this once.")


class PersonInput(StrictSerializer):
    username = serializers.CharField(max_length=150)
    display_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    password = serializers.CharField(max_length=1000, required=False, trim_whitespace=False)
    can_create_projects = serializers.BooleanField(required=False)


class PersonChanges(StrictSerializer):
    display_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    can_create_projects = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class PersonRef(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()


class AuditRow(serializers.Serializer):
    id = serializers.UUIDField()
    created = serializers.DateTimeField()
    actor = serializers.SerializerMethodField()
    action = serializers.CharField()
    target_type = serializers.CharField()
    target = serializers.CharField()
    project = serializers.UUIDField(allow_null=True)
    detail = serializers.DictField()
    address = serializers.CharField(allow_null=True)

    @extend_schema_field(PersonRef(allow_null=True))
    def get_actor(self, row: Any) -> Any:
        return PersonRef(
            {"id": row.actor_id, "username": row.actor.username, "name": str(row.actor)}
        ).data if row.actor else None  # fmt: skip
