"""Decoding in child processes: what comes from outside never meets a decoder in this process.

A few children stay for the next file. One that crashes, hangs or eats too much is gone, its file
is refused, and the next file gets a new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samweb.projects.raster import Unreadable

CHILDREN = 2
STALE_SECONDS = 45  # below the child's own idle limit, so that none dies between two thoughts
PATIENCE = 15.0  # besides the child's own clock
SECONDS_PER_MEGAPIXEL = 1.0
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
CRASHED = Unreadable("crashed", "cannot be decoded: it made the decoder fail.")
SLOW = Unreadable("too_slow", "takes too long to decode.")


@dataclass(frozen=True)
class Decoded:
    """What a file turned out to be; `display` and `thumb` lie in the folder that was given."""

    width: int
    height: int
    format: str
    note: str
    window: dict[str, float] | None
    pixels_sha256: str
    display_type: str


class Child:
    """One decoder process and its two pipes."""

    def __init__(self) -> None:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(PACKAGE_ROOT),
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-s", "-m", "samweb.projects.decode_child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment,
        )  # fmt: skip
        self.used = time.monotonic()

    @property
    def fresh(self) -> bool:
        return self.process.poll() is None and time.monotonic() - self.used < STALE_SECONDS

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The child's answer. Raises Unreadable when it dies or stays silent."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise CRASHED from None
        answer = b""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise SLOW
                part = os.read(self.process.stdout.fileno(), 65536)
                if not part:
                    raise SLOW if self.timed_out() else CRASHED
                answer += part
        self.used = time.monotonic()
        return dict(json.loads(answer))

    def timed_out(self) -> bool:
        """Whether its own clock or the CPU limit ended it."""
        try:
            return -self.process.wait(timeout=5) in (14, 24)  # SIGALRM, SIGXCPU
        except subprocess.TimeoutExpired:
            return True

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Pool:
    """At most CHILDREN decoders at once; the others wait their turn."""

    def __init__(self, size: int = CHILDREN) -> None:
        self.turns = threading.BoundedSemaphore(size)
        self.lock = threading.Lock()
        self.idle: list[Child] = []

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        with self.turns:
            child = self._take()
            try:
                answer = child.ask(job, seconds)
            except BaseException:
                child.end()
                raise
            with self.lock:
                self.idle.append(child)
            return answer

    def _take(self) -> Child:
        with self.lock:
            while self.idle:
                child = self.idle.pop()
                if child.fresh:
                    return child
                child.end()
        return Child()


pool = Pool()


def decode(source: Path, folder: Path, max_pixels: int) -> Decoded:
    """Decode a file in a child; writes `display` and `thumb` into `folder`. Raises Unreadable."""
    job = {"source": str(source), "folder": str(folder), "max_pixels": max_pixels}
    answer = pool.ask(job, 2 * (PATIENCE + SECONDS_PER_MEGAPIXEL * max_pixels / 1e6))
    if not answer.pop("ok"):
        raise Unreadable(str(answer["code"]), str(answer["text"]))
    return Decoded(**answer)
