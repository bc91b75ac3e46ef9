"""Downloads that go on where they broke off, and are what their hash says.

Resuming follows RFC 9110: `Range` with `If-Range`, so that a file which changed meanwhile comes
from its beginning. Where no hash is published the first download's is pinned: a later one must be
the same.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workers.sam.checkpoints.errors import CheckpointError

PIECE = 1 << 20
MOST_BYTES = 8_000_000_000
TRIES = 6  # in a row without a single byte
WAIT_SECONDS = 2.0


class Answer(Protocol):
    """What an opener gives: a response whose body is read piece by piece."""

    status: int
    headers: Any  # a mapping with `get`, names in any case

    def read(self, size: int) -> bytes: ...


Opener = Callable[[str, Mapping[str, str]], AbstractContextManager[Answer]]
"""Asks an address with headers; raises OSError with a sentence when it may not or cannot."""

Progress = Callable[[int, int | None], None]
"""Bytes that are here, and bytes in all where that is known."""


@dataclass(frozen=True)
class Wanted:
    """A file on the net. Without `sha256` its first download is pinned."""

    url: str
    sha256: str | None = None
    bytes: int | None = None

    @property
    def file_name(self) -> str:
        """The last part of the address, as a safe name for a file."""
        last = self.url.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
        kept = "".join(letter for letter in last if letter.isalnum() or letter in "._-")
        return kept.lstrip(".") or "download"


@dataclass
class Pins:
    """The file of hashes that were pinned on first use: {url: sha256}."""

    path: Path

    def get(self, url: str) -> str | None:
        """The pinned hash. Raises CheckpointError when the file is spoilt."""
        return self._all().get(url)

    def put(self, url: str, sha256: str) -> None:
        """Pin a hash, for good."""
        pinned = self._all() | {url: sha256}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(pinned, indent=2, sort_keys=True) + "\n")
        temporary.replace(self.path)

    def _all(self) -> dict[str, str]:
        if not self.path.is_file():
            return {}
        try:
            return dict(json.loads(self.path.read_text()))
        except (ValueError, TypeError):
            raise CheckpointError(f"{self.path} is not a list of pinned hashes.") from None


def download(
    wanted: Wanted,
    folder: Path,
    open_url: Opener,
    pins: Pins,
    *,
    progress: Progress = lambda here, total: None,
    wait: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch a file into `folder`; returns where it lies. What is there already and right stays.

    Raises CheckpointError: it is not the file that was meant, too large, or not to be had. What
    came before the line broke stays as `NAME.partial` for the next time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / wanted.file_name
    expected = (wanted.sha256 or pins.get(wanted.url) or "").lower() or None
    if expected and target.is_file() and sha256_of(target) == expected:
        return target
    partial = _Partial(folder / f"{wanted.file_name}.partial", wanted.url)
    resumed = _fetch(wanted, partial, open_url, progress, wait)
    found = sha256_of(partial.path)
    if expected and found != expected and resumed:
        # Two halves that do not belong together: once more, from the beginning.
        partial.forget()
        _fetch(wanted, partial, open_url, progress, wait)
        found = sha256_of(partial.path)
    if expected and found != expected:
        partial.forget()
        meant = "its published hash" if wanted.sha256 else f"the first download ({pins.path.name})"
        raise CheckpointError(
            f"{wanted.file_name} from {wanted.url} does not match {meant}: "
            f"sha256 {found[:16]}... instead of {expected[:16]}...; it was deleted."
        )
    if not expected:
        pins.put(wanted.url, found)
    partial.path.replace(target)
    partial.forget()
    return target


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Partial:
    """What is here of a file, and the tag under which the rest may be asked for."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url
        self.about = path.with_name(path.name + ".json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def tag(self) -> str | None:
        """The validator of the answer that the bytes came from, if it was from this address."""
        try:
            about = json.loads(self.about.read_text())
        except (OSError, ValueError):
            return None
        known = isinstance(about, dict) and about.get("url") == self.url
        return str(about["tag"]) if known and about.get("tag") else None

    def begin(self, tag: str | None) -> None:
        """Start from nothing, under a new tag."""
        self.path.write_bytes(b"")
        self.about.write_text(json.dumps({"url": self.url, "tag": tag}))

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)


def _fetch(
    wanted: Wanted,
    partial: _Partial,
    open_url: Opener,
    progress: Progress,
    wait: Callable[[float], None],
) -> bool:
    """Fill the partial file; returns whether its bytes come from more than one answer."""
    resumed, idle = False, 0
    while True:
        before = partial.size
        try:
            complete, went_on = _attempt(wanted, partial, open_url, progress)
            resumed |= went_on
            if complete:
                return resumed
            problem = "the line broke"
        except OSError as error:
            problem = str(error).rstrip(".")
        idle = 0 if partial.size > before else idle + 1
        if idle >= TRIES:
            raise CheckpointError(
                f"{wanted.url} could not be fetched: {problem}; "
                f"{partial.size / 1e6:.0f} MB are kept for the next try."
            )
        wait(WAIT_SECONDS * idle)


def _attempt(
    wanted: Wanted, partial: _Partial, open_url: Opener, progress: Progress
) -> tuple[bool, bool]:
    """One request: (the file is complete, it went on from what was here)."""
    size, tag = partial.size, partial.tag()
    headers = {"Accept-Encoding": "identity"}
    if size and tag:
        headers |= {"Range": f"bytes={size}-", "If-Range": tag}
    with open_url(wanted.url, headers) as answer:
        if answer.status == 416:  # nothing after what is here, or another file by now
            if _whole(answer, size):
                return True, True
            partial.forget()
            return False, False
        if answer.status not in (200, 206):
            raise CheckpointError(f"{wanted.url} answers with status {answer.status}.")
        going_on = answer.status == 206 and _begins_at(answer, size)
        if answer.status == 206 and not going_on:
            partial.forget()
            return False, False
        if not going_on:
            size = 0
            partial.begin(_tag_of(answer))
        total = _total(answer, size)
        _check_size(wanted, total, size, partial.path.parent)
        return _pour(answer, partial.path, size, total, progress), going_on and size > 0


def _pour(answer: Answer, path: Path, size: int, total: int | None, progress: Progress) -> bool:
    with path.open("ab") as file:
        progress(size, total)
        while piece := answer.read(PIECE):
            size += len(piece)
            if size > (total or MOST_BYTES):
                raise CheckpointError("The server sends more than it announced.")
            file.write(piece)
            progress(size, total)
    return total is None or size == total


def _check_size(wanted: Wanted, total: int | None, here: int, folder: Path) -> None:
    if wanted.bytes is not None and total is not None and total != wanted.bytes:
        raise CheckpointError(
            f"{wanted.url} has {total} bytes and not {wanted.bytes}: it is not the file meant."
        )
    if total is not None and total > MOST_BYTES:
        raise CheckpointError(f"{wanted.url} is larger than {MOST_BYTES / 1e9:.0f} GB.")
    free = shutil.disk_usage(folder).free
    if total is not None and total - here > free:
        raise CheckpointError(
            f"{wanted.file_name} needs {(total - here) / 1e6:.0f} MB of disk, "
            f"{free / 1e6:.0f} MB are free."
        )


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _total(answer: Answer, here: int) -> int | None:
    length = _number(answer.headers.get("Content-Length"))
    return None if length is None else here + length


def _begins_at(answer: Answer, size: int) -> bool:
    content = str(answer.headers.get("Content-Range") or "")
    return content.removeprefix("bytes").strip().split("-", 1)[0] == str(size)


def _whole(answer: Answer, size: int) -> bool:
    content = str(answer.headers.get("Content-Range") or "")
    return size > 0 and _number(content.rpartition("/")[2]) == size


def _tag_of(answer: Answer) -> str | None:
    """A strong validator, the only kind that If-Range takes (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag")
    if tag:
        return None if tag.startswith("W/") else str(tag)
    modified = answer.headers.get("Last-Modified")
    return str(modified) if modified else None
