"""The one way out: HTTP requests to addresses that were resolved once, checked, and connected to.

A name is resolved here and the connection goes to the very address that was checked, so a resolver
that answers differently the second time (DNS rebinding) changes nothing. Every redirect is checked
like a first request. Only public addresses are reached, and only over TLS; neither rule holds for
what SAMWEB_OUTBOUND_ALLOW lists (a mirror or a bucket in the own network).
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from types import TracebackType
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings

REDIRECTS = 3
REDIRECTING = {301, 302, 303, 307, 308}
SECRET_HEADERS = {"authorization", "cookie"}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreachable(OSError):
    """A request that was refused or came to nothing; one sentence, without a byte from outside."""


@dataclass
class Answer:
    """A response whose body is read piece by piece. `url` is where the redirects ended."""

    status: int
    headers: Message
    url: str
    connection: http.client.HTTPConnection
    response: http.client.HTTPResponse

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end, which a broken line can feign: compare with
        Content-Length. Raises Unreachable."""
        try:
            return self.response.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The line to {self.connection.host} broke.") from error

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_url(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
    timeout: float = 30.0,
) -> Answer:
    """Ask a public web address, following at most three redirects of a GET or HEAD.

    `timeout` is in seconds, for the connection and for each read. Any status is an answer. Raises
    Unreachable for addresses that are not allowed, and when nothing answers.
    """
    sent = dict(headers or {})
    for _ in range(REDIRECTS + 1):
        answer = _ask(_checked(url), sent, method, body, timeout)
        target = answer.headers.get("Location")
        if answer.status not in REDIRECTING or not target or method not in ("GET", "HEAD"):
            return answer
        answer.close()
        target = urljoin(url, target)
        if urlsplit(target).netloc != urlsplit(url).netloc:
            sent = {k: v for k, v in sent.items() if k.lower() not in SECRET_HEADERS}
        url = target
    raise Unreachable(f"{urlsplit(url).hostname} redirects more than {REDIRECTS} times.")


def _checked(url: str) -> SplitResult:
    """The parts of an address of the web, or Unreachable for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("This is not an address of the web.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Unreachable("Only addresses that begin with https:// can be asked.")
    if parts.username is not None or parts.password is not None:
        raise Unreachable("An address must not carry a name or a password.")
    if re.search(r"[\x00-\x20\x7f]", url):
        raise Unreachable("An address must not hold spaces or control characters.")
    return parts


def _ask(
    parts: SplitResult, headers: Mapping[str, str], method: str, body: bytes | None, timeout: float
) -> Answer:
    host = str(parts.hostname)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    addresses = _allowed_addresses(host, port, secure)
    connection = _Pinned(host, port, addresses, secure, timeout)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    try:
        connection.request(method, path + query, body, {"User-Agent": "samweb", **headers})
        response = connection.getresponse()
    except ssl.SSLError as error:
        connection.close()
        raise Unreachable(f"{host} has no certificate that can be trusted.") from error
    except TimeoutError as error:
        connection.close()
        raise Unreachable(f"{host} does not answer.") from error
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise Unreachable(f"{host} cannot be reached.") from error
    return Answer(response.status, response.headers, parts.geturl(), connection, response)


def _allowed_addresses(host: str, port: int, secure: bool) -> list[str]:
    """What the name resolves to, if every one of its addresses may be connected to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"The name {host} cannot be resolved.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        address = ipaddress.ip_address(text.split("%", 1)[0])
        if _listed(address):
            continue
        if not public(address):
            raise Unreachable(f"{host} is not a public address; SAMWEB_OUTBOUND_ALLOW can list it.")
        if not secure:
            raise Unreachable(f"{host} is asked over https only.")
    if not addresses:
        raise Unreachable(f"The name {host} cannot be resolved.")
    return addresses


def public(address: Address) -> bool:
    """Whether an address belongs to the open internet, also when it wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _listed(address: Address) -> bool:
    return any(
        address in ipaddress.ip_network(network) for network in settings.SAMWEB.outbound_allow
    )


class _Pinned(http.client.HTTPConnection):
    """A connection to one of the checked addresses, under the name that was asked for."""

    def __init__(
        self, host: str, port: int, addresses: list[str], secure: bool, timeout: float
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self.default_port = 443 if secure else 80  # so that Host carries no needless port
        self.addresses = addresses
        self.secure = secure

    def connect(self) -> None:
        problem: OSError = OSError("no address")
        for address in self.addresses:
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError as error:
                problem = error
        else:
            raise problem
        if self.secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
