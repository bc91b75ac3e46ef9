"""Files by the hash of their bytes: temporary name -> hash -> fsync -> rename -> (then) a row."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

KINDS = (
    "originals", "display", "thumbs", "embeddings", "bundles", "exports", "proposals",
    "uploads",  # archives that wait to be unpacked
)  # fmt: skip


@dataclass(frozen=True)
class Blob:
    """A stored file: the SHA-256 (hex) and length of its bytes, and where it lies."""

    sha256: str
    bytes: int
    path: Path


class BlobStore:
    """Content-addressed files below one folder, one sub-folder per kind."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root = root
        self.temporary = temporary

    def path(self, kind: str, sha256: str) -> Path:
        """Where a blob lies. Raises ValueError for anything that is not a kind and a hash."""
        if kind not in KINDS or len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError(f"not a blob: {kind}/{sha256!r}")
        return self.root / kind / sha256[:2] / sha256

    def exists(self, kind: str, sha256: str) -> bool:
        return self.path(kind, sha256).is_file()

    def open(self, kind: str, sha256: str) -> BinaryIO:
        """Open a blob for reading. Raises FileNotFoundError."""
        return self.path(kind, sha256).open("rb")

    def put(self, kind: str, content: bytes | Iterable[bytes]) -> Blob:
        """Store bytes, whole or in chunks. Storing the same bytes twice keeps one file."""
        chunks = [content] if isinstance(content, bytes) else content
        self.temporary.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.temporary, prefix="put-")
        digest, length = hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    length += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(kind, digest.hexdigest())
            self._publish(Path(name), target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Blob(digest.hexdigest(), length, target)

    def adopt(self, kind: str, source: Path) -> Blob:
        """Move a finished file of the same file system into the store, under its hash."""
        digest, length = hashlib.sha256(), 0
        with source.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                length += len(chunk)
            os.fsync(file.fileno())
        target = self.path(kind, digest.hexdigest())
        self._publish(source, target)
        return Blob(digest.hexdigest(), length, target)

    def remove(self, kind: str, sha256: str) -> None:
        """Delete a blob; a missing one is fine."""
        self.path(kind, sha256).unlink(missing_ok=True)

    def sweep(self, hours: float = 24) -> int:
        """Remove what killed processes left in the temporary folder; returns how much it was."""
        removed = 0
        if not self.temporary.is_dir():
            return removed
        for left in self.temporary.iterdir():
            try:
                if time.time() - left.stat().st_mtime < hours * 3600:
                    continue
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()
                removed += 1
            except OSError:  # somebody else was quicker
                continue
        return removed

    @staticmethod
    def _publish(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name must survive a power cut before a row points at it
        finally:
            os.close(folder)


def store() -> BlobStore:
    """The store of this installation."""
    root = settings.SAMWEB.data_dir
    return BlobStore(root / "files", root / "tmp")
