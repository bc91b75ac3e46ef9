"""A small real web server whose manners a test decides: ranges, redirects, lines that break."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Seen:
    """A request that arrived."""

    path: str
    headers: Message


@dataclass
class Server:
    """What it serves and how. `cuts` are how many bytes each next answer sends before it breaks."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    tags: bool = True
    cuts: list[int] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving() -> Iterator[Server]:
    """A server for the length of a test."""
    about = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            about.seen.append(Seen(self.path, self.headers))
            path = self.path.split("?")[0]
            if path in about.raw:
                self.wfile.write(about.raw[path])
            elif path in about.redirects:
                self.send_response(302)
                self.send_header("Location", about.redirects[path])
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif path in about.files:
                answer(self, about, about.files[path])
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    about.port = made.server_address[1]
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield about
    finally:
        made.shutdown()
        made.server_close()


def answer(to: BaseHTTPRequestHandler, about: Server, content: bytes) -> None:
    """Send a file, or the part that was asked for if its tag is still the same."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    first, wanted = 0, to.headers.get("Range", "")
    still = to.headers.get("If-Range", tag) == tag
    if wanted and about.ranges and still:
        first = int(wanted.removeprefix("bytes=").split("-")[0])
        if first >= len(content):
            to.send_response(416)
            to.send_header("Content-Range", f"bytes */{len(content)}")
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        to.send_response(206)
        to.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
    else:
        to.send_response(200)
    part = content[first:]
    to.send_header("Content-Length", str(len(part)))
    if about.tags:
        to.send_header("ETag", tag)
    to.end_headers()
    to.wfile.write(part[: about.cuts.pop(0)] if about.cuts else part)
