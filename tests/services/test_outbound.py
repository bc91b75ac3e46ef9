"""Requests that leave the house: to checked addresses only, over every redirect."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from samweb.core import outbound
from samweb.core.outbound import Unreachable, open_url
from tests.webserver import Server, serving

Allow = Callable[[str], None]


@pytest.fixture
def server() -> Iterator[Server]:
    """A real server on a loopback address; `server.seen` are the requests that reached it."""
    with serving() as made:
        yield made


@pytest.fixture
def allow(settings: Any) -> Allow:
    """List a network as an operator would."""

    def listed(network: str) -> None:
        settings.SAMWEB = dataclasses.replace(settings.SAMWEB, outbound_allow=(network,))

    return listed


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Make every name resolve to the next of these addresses; returns the names asked for."""
    asked: list[str] = []
    rest = list(answers)

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = rest.pop(0) if len(rest) > 1 else rest[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "0.0.0.0", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]",
        "169.254.169.254", "[fd00::1]", "100.64.0.1", "10.1.2.3", "0177.0.0.1", "2130706433",
        "0x7f.1", "127.1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",
        "\N{FULLWIDTH DIGIT ONE}27.0.0.1",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_is_reached(host: str, server: Server) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(Unreachable):
            open_url(f"{scheme}://{host}:{server.port}/secret", timeout=2)
    assert server.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/x", "gopher://example.org", "data:,x", "//x/y", "",
        "https://", "https://[", "https://user:word@example.org/", "https://example.org:99999/",
        "https://example.org/a b", "https://example.org/\r\nX: y",
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused_before_any_resolving(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, "93.184.216.34")
    with pytest.raises(Unreachable):
        open_url(url)
    assert asked == []


def test_a_public_address_is_asked_over_tls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.216.34")
    with pytest.raises(Unreachable, match="over https only"):
        open_url("http://example.org/")


def test_a_listed_network_is_reached(server: Server, allow: Allow) -> None:
    allow("127.0.0.0/8")
    server.files["/a"] = b"hello"
    with open_url(f"{server.url}/a") as answer:
        assert (answer.status, answer.read(100)) == (200, b"hello")
    with open_url(f"{server.url}/none") as answer:
        assert answer.status == 404


def test_a_redirect_to_a_private_address_is_refused(
    server: Server, allow: Allow, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("127.0.0.1/32")
    for target in ("https://127.0.0.2/x", "https://10.0.0.1/", "file:///etc/passwd", "ftp://a/b"):
        server.redirects["/away"] = target
        with pytest.raises(Unreachable):
            open_url(f"{server.url}/away", timeout=2)


def test_redirects_are_followed_three_times_and_no_further(server: Server, allow: Allow) -> None:
    allow("127.0.0.1/32")
    server.files["/end"] = b"there"
    server.redirects |= {"/1": "/2", "/2": "/3", "/3": "/end", "/0": "/1", "/round": "/round"}
    with open_url(f"{server.url}/1") as answer:
        assert answer.read(9) == b"there" and answer.url == f"{server.url}/end"
    for path in ("/0", "/round"):
        with pytest.raises(Unreachable, match="redirects more than 3 times"):
            open_url(server.url + path)


def test_a_redirect_to_another_host_takes_no_secret_along(server: Server, allow: Allow) -> None:
    allow("127.0.0.0/8")
    with serving() as other:
        other.files["/end"] = b"x"
        server.redirects["/away"] = f"{other.url}/end"
        open_url(f"{server.url}/away", {"Authorization": "Bearer x", "Range": "bytes=0-"}).close()
        assert "Authorization" in server.seen[0].headers
        assert "Authorization" not in other.seen[0].headers
        assert other.seen[0].headers["Range"] == "bytes=0-"


def test_the_checked_address_is_the_one_connected_to(
    server: Server, allow: Allow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that says something harmless first and 127.0.0.1 afterwards gains nothing."""
    allow("192.0.2.0/24")
    tried: list[Any] = []

    def connect(address: Any, timeout: Any) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    asked = resolving(monkeypatch, "192.0.2.7", "127.0.0.1")
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unreachable, match="cannot be reached"):
        open_url(f"http://rebinding.example:{server.port}/")
    assert asked == ["rebinding.example"] and tried == [("192.0.2.7", server.port)]
    assert server.seen == []


def test_one_private_address_among_public_ones_spoils_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [(2, 1, 6, "", ("93.184.216.34", 443)), (10, 1, 6, "", ("::1", 443, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(Unreachable, match="not a public address"):
        open_url("https://mixed.example/")


def test_a_refusal_repeats_nothing_of_what_a_server_said(server: Server, allow: Allow) -> None:
    allow("127.0.0.1/32")
    server.raw["/odd"] = b"SECRET nonsense\r\n\r\n"
    with pytest.raises(Unreachable) as refusal:
        open_url(f"{server.url}/odd")
    assert "SECRET" not in str(refusal.value)


def test_the_host_header_is_the_name_that_was_asked_for(
    server: Server, allow: Allow, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("127.0.0.1/32")
    server.files["/a"] = b"x"
    resolving(monkeypatch, "127.0.0.1")
    open_url(f"http://models.example:{server.port}/a").close()
    assert server.seen[0].headers["Host"] == f"models.example:{server.port}"


def test_public_means_the_open_internet() -> None:
    import ipaddress

    for text, wanted in {
        "8.8.8.8": True, "2606:4700::1111": True, "64:ff9b::808:808": True,
        "2002:808:808::": True, "192.168.0.1": False, "fe80::1": False, "::": False,
        "ff02::1": False, "2001::1": False, "240.0.0.1": False, "64:ff9b::a00:1": False,
    }.items():  # fmt: skip
        assert outbound.public(ipaddress.ip_address(text)) is wanted, text
