"""The socket: it only tells, it tells members only, and it takes nothing but presence."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from samweb.annotations import consumers
from samweb.config.asgi import application
from samweb.core.ids import uuid7
from samweb.projects.models import Membership
from tests import cast
from tests.editing import creation, sent

pytestmark = pytest.mark.django_db(transaction=True)
IMAGE = str(uuid7())


def cookie_of(user: cast.User) -> bytes:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


class Socket(ApplicationCommunicator):
    """A browser's end of a WebSocket."""

    async def connect(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        event = await self.receive_output(timeout=5)
        return event["type"] == "websocket.accept"

    async def say(self, **message: object) -> None:
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict:
        event = await self.receive_output(timeout=5)
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    async def closes(self) -> int:
        event = await self.receive_output(timeout=5)
        assert event["type"] == "websocket.close", event
        return event["code"]

    async def leave(self) -> None:
        if not self.future.done():
            await self.send_input({"type": "websocket.disconnect", "code": 1000})
            await self.wait(timeout=2)


@asynccontextmanager
async def socket(
    project: cast.Project, cookie: bytes = b"", origin: bytes = b"http://127.0.0.1:8000"
) -> AsyncIterator[Socket]:
    headers = [(b"origin", origin), (b"host", b"127.0.0.1:8000")]
    path = f"/ws/projects/{project.id}"
    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [*headers, *([(b"cookie", cookie)] if cookie else [])],
        "subprotocols": [], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    opened = Socket(application, scope)
    yield opened
    await opened.leave()


async def test_a_save_is_told_to_everybody_who_has_the_project_open(
    orchard, picture, ben, dan, as_user
):
    async with socket(orchard, await sync_to_async(cookie_of)(dan)) as dans:
        assert await dans.connect()
        await sync_to_async(sent)(as_user(ben), orchard, creation(picture), creation(picture))
        assert await dans.hear() == {"type": "seq", "seq": 2}


@pytest.mark.parametrize("who", ["nobody", "eve", "foreign origin", "forged cookie"])
async def test_strangers_are_refused_at_the_handshake(who, orchard, ben, eve):
    cookie = {
        "nobody": b"", "eve": await sync_to_async(cookie_of)(eve),
        "foreign origin": await sync_to_async(cookie_of)(ben), "forged cookie": b"sessionid=x",
    }[who]  # fmt: skip
    origin = b"http://evil.example" if who == "foreign origin" else b"http://127.0.0.1:8000"
    async with socket(orchard, cookie, origin) as theirs:
        assert not await theirs.connect()


async def test_presence_reaches_the_others_under_the_servers_name(orchard, ben, cleo):
    cookies = [await sync_to_async(cookie_of)(user) for user in (ben, cleo)]
    async with socket(orchard, cookies[0]) as bens, socket(orchard, cookies[1]) as cleos:
        assert await bens.connect()
        assert await cleos.connect()
        await bens.say(type="presence", image=IMAGE, cursor=[3, 4.5])
        told = await cleos.hear()
        assert told["user"] == {"id": str(ben.id), "name": "Ben"}
        assert (told["image"], told["cursor"]) == (IMAGE, [3, 4.5])
        assert await bens.receive_nothing()
        await bens.leave()
        assert (await cleos.hear())["gone"] is True


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "{}", '{"type": "seq", "seq": 9}', '{"type": "presence"}', "[" * 1000,
        json.dumps({"type": "presence", "image": IMAGE, "user": "ada"}),
        json.dumps({"type": "presence", "image": "x"}),
        json.dumps({"type": "presence", "image": IMAGE, "cursor": [1]}),
        '{"type": "presence", "image": "%s", "cursor": [1e999, 1]}' % IMAGE,  # noqa: UP031
        json.dumps({"type": "presence", "image": IMAGE, "note": "x" * 2000}),
    ],
)  # fmt: skip
async def test_anything_but_presence_closes_the_socket(text, orchard, ben):
    async with socket(orchard, await sync_to_async(cookie_of)(ben)) as bens:
        assert await bens.connect()
        await bens.send_text(text)
        assert await bens.closes() in (1008, 1009)


async def test_bytes_close_the_socket(orchard, ben):
    cookie = await sync_to_async(cookie_of)(ben)
    async with socket(orchard, cookie) as bens:
        await bens.connect()
        await bens.send_input({"type": "websocket.receive", "bytes": b"\xff\xfe"})
        assert await bens.closes() == 1009


async def test_a_flood_is_thinned_and_then_ended(orchard, ben, cleo, monkeypatch):
    monkeypatch.setattr(consumers, "monotonic", lambda: 1000.0)
    cookies = [await sync_to_async(cookie_of)(user) for user in (ben, cleo)]
    async with socket(orchard, cookies[0]) as bens, socket(orchard, cookies[1]) as cleos:
        await bens.connect()
        await cleos.connect()
        for _ in range(consumers.FLOOD + 1):
            await bens.say(type="presence", image=IMAGE)
        assert await bens.closes() == consumers.TOO_MUCH
        for _ in range(consumers.PER_SECOND):
            assert (await cleos.hear())["image"] == IMAGE
        assert await cleos.receive_nothing()


@pytest.mark.parametrize("how", ["membership", "account", "sign-in"])
async def test_who_loses_access_hears_nothing_more(
    how, orchard, picture, ben, cleo, as_user, monkeypatch
):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0)
    cookie = await sync_to_async(cookie_of)(cleo)
    undo: dict[str, Callable[[], object]] = {
        "membership": lambda: Membership.objects.filter(user=cleo).delete(),
        "account": lambda: cast.User.objects.filter(pk=cleo.pk).update(is_active=False),
        "sign-in": lambda: sign_out(cookie),
    }
    async with socket(orchard, cookie) as cleos:
        assert await cleos.connect()
        await sync_to_async(undo[how])()
        await sync_to_async(sent)(as_user(ben), orchard, creation(picture))
        assert await cleos.closes() == consumers.NOT_HERE


def sign_out(cookie: bytes) -> None:
    client = Client()
    client.cookies["sessionid"] = cookie.decode().split("=", 1)[1]
    client.logout()
