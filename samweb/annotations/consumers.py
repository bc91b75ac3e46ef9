"""Stage 8 of the flow, share: the one Channels consumer, at /ws/projects/{id}.

HTTP writes; the socket only tells: "seq is now N", a run moved, who is looking where. Whatever
it loses is closed by `GET /projects/{id}/changes?since=seq`. Clients send presence and nothing
else; names and ids in it are the server's own.
"""

from __future__ import annotations

import json
import math
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import URLPattern, path

from samweb.accounts.models import User
from samweb.core import watch
from samweb.core.live import group
from samweb.projects import selectors as projects

LONGEST = 1024  # characters of a message
PER_SECOND = 20  # presence messages passed on; more are dropped, latest wins in the next second
FLOOD = 200  # in one second: not a browser of ours
RECHECK_SECONDS = 3.0  # a revoked membership is noticed within this, at the next message
NOT_HERE, TOO_MUCH, TOO_LONG = 4404, 4429, 1009


class ProjectConsumer(AsyncWebsocketConsumer):
    """One open page of one project."""

    async def connect(self) -> None:
        """Join the project's group; strangers are refused at the handshake."""
        self.project: UUID = self.scope["url_route"]["kwargs"]["id"]
        self.connection = uuid4().hex[:12]
        self.group: str | None = None
        self.shown = False
        self.second, self.count = 0, 0
        self.checked = -math.inf
        if not await self._may_be_here():
            await self.close(NOT_HERE)
            return
        self.group = group(self.project)
        await self.channel_layer.group_add(self.group, self.channel_name)
        watch.begin(self.project)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave, and say so to those who saw the cursor."""
        if self.group is None:
            return
        watch.end(self.project)
        await self.channel_layer.group_discard(self.group, self.channel_name)
        if self.shown:
            await self._relay({"gone": True})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pass presence on to the others in the project; close on anything else."""
        if text_data is None or len(text_data) > LONGEST:
            await self.close(TOO_LONG)
            return
        if not self._in_time():
            if self.count > FLOOD:
                await self.close(TOO_MUCH)
            return
        presence = presence_of(text_data)
        if presence is None:
            await self.close(1008)
            return
        if not await self._may_be_here():
            await self.close(NOT_HERE)
            return
        self.shown = True
        await self._relay(presence)

    async def tell(self, event: dict[str, Any]) -> None:
        """A message of `core.live` or of another page, for this browser."""
        message = event["message"]
        if message.get("connection") == self.connection:
            return
        if not await self._may_be_here():
            await self.close(NOT_HERE)
            return
        await self.send(text_data=json.dumps(message))

    async def _relay(self, presence: dict[str, Any]) -> None:
        user = self.scope["user"]
        who = {"id": str(user.pk), "name": str(user)}
        message = {"type": "presence", "user": who, "connection": self.connection, **presence}
        await self.channel_layer.group_send(self.group, {"type": "tell", "message": message})

    def _in_time(self) -> bool:
        second = int(monotonic())
        if second != self.second:
            self.second, self.count = second, 0
        self.count += 1
        return self.count <= PER_SECOND

    async def _may_be_here(self) -> bool:
        now = monotonic()
        if now - self.checked < RECHECK_SECONDS:
            return True
        if not await self._is_member():
            return False
        self.checked = now
        return True

    @database_sync_to_async
    def _is_member(self) -> bool:
        user, session = self.scope["user"], self.scope["session"]
        if not user.is_authenticated or not session.exists(session.session_key):
            return False
        active = User.objects.filter(pk=user.pk, is_active=True).first()
        return active is not None and projects.role_of(active, self.project) is not None


def presence_of(text: str) -> dict[str, Any] | None:
    """What a presence message says, or None when it is not one."""
    try:
        said = json.loads(text)
        if not isinstance(said, dict) or said.pop("type", None) != "presence":
            return None
        presence: dict[str, Any] = {"image": str(UUID(said.pop("image")))}
        if (annotation := said.pop("annotation", None)) is not None:
            presence["annotation"] = str(UUID(annotation))
        if (cursor := said.pop("cursor", None)) is not None:
            x, y = cursor
            if not all(type(one) in (int, float) and abs(one) < 1e9 for one in (x, y)):
                return None
            presence["cursor"] = [x, y]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return None if said else presence


websocket_urlpatterns: list[URLPattern] = [
    path("ws/projects/<uuid:id>", ProjectConsumer.as_asgi()),  # type: ignore[arg-type]
]
