"""What a backup folder looks like, and whether it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST, FILES = "manifest.json", "files.txt"
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
_HASH = re.compile(r"[0-9a-f]{64}")
KINDS = ("originals", "display", "thumbs", "exports", "bundles", "uploads")


class BadBackup(Exception):
    """The backup cannot be used; the message says why, and nothing was changed."""


@dataclass(frozen=True)
class FileEntry:
    """One file that a snapshot needs. `bytes` is -1 when it was missing or damaged."""

    kind: str
    sha256: str
    bytes: int

    def path(self, root: Path) -> Path:
        """Where the file lies below a folder that is laid out like the store."""
        return root / self.kind / self.sha256[:2] / self.sha256


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there with all its bytes, or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path.parent)


class Snapshot:
    """One snapshot of a backup folder."""

    def __init__(self, destination: Path, name: str) -> None:
        self.root = destination
        self.name = name
        self.folder = destination / "snapshots" / name
        self.manifest = self._manifest()

    @classmethod
    def find(cls, destination: Path, name: str = "") -> Snapshot:
        """The named snapshot, or the newest. Raises BadBackup when there is none."""
        names = snapshot_names(destination)
        if not names:
            raise BadBackup(f"{destination} holds no backup.")
        if name and name not in names:
            raise BadBackup(f"There is no snapshot {name!r}; there are {', '.join(names)}.")
        return cls(destination, name or names[-1])

    def _manifest(self) -> dict[str, Any]:
        path = self.folder / MANIFEST
        try:
            content = path.read_bytes()
            stated = (self.folder / f"{MANIFEST}.sha256").read_text().split()[0]
            manifest = json.loads(content)
        except (OSError, ValueError, IndexError) as error:
            raise BadBackup(f"{path} cannot be read: {error}") from error
        if hashlib.sha256(content).hexdigest() != stated:
            raise BadBackup(f"{path} is not what was written: its digest differs.")
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise BadBackup(f"{path} has a format this version does not know.")
        return manifest

    def files(self) -> Iterator[FileEntry]:
        """The files this snapshot needs; none for a backup of the database alone."""
        if self.manifest["files"] is None:
            return
        with (self.folder / FILES).open(encoding="ascii") as lines:
            for line in lines:
                kind, sha256, size = line.split()
                if kind not in KINDS or not _HASH.fullmatch(sha256):
                    raise BadBackup(f"{FILES} has a line that names no file: {line!r}")
                yield FileEntry(kind, sha256, int(size))

    def check(self) -> int:
        """Compare every digest; returns how many files were read. Raises BadBackup."""
        stated = dict(self.manifest["database"]["files"])
        if self.manifest["files"] is not None:
            stated[FILES] = self.manifest["files"]
        self._no_extra_files(set(stated))
        for name, entry in stated.items():
            path = self.folder / name
            if not path.is_file() or sha256_of(path) != entry["sha256"]:
                raise BadBackup(f"{path} is missing or not what was written.")
        count = 0
        for entry in self.files():
            if entry.bytes < 0:
                continue  # lost before the backup was made; the manifest counts them
            path = entry.path(self.root / "files")
            if not path.is_file() or sha256_of(path) != entry.sha256:
                raise BadBackup(f"{path} is missing or damaged.")
            count += 1
        return count

    def _no_extra_files(self, stated: set[str]) -> None:
        found = {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*")}
        extra = found - stated - {MANIFEST, f"{MANIFEST}.sha256", "tables"}
        if extra or any(".." in name or name.startswith("/") for name in stated):
            raise BadBackup(f"{self.folder} holds a file it should not: {sorted(extra)[:1]}")


def snapshot_names(destination: Path) -> list[str]:
    """The finished snapshots of a backup folder, oldest first."""
    folder = destination / "snapshots"
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
