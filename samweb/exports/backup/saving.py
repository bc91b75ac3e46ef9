"""Making a backup: the database first, then the files it names that are not there yet."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

from samweb.core import clock
from samweb.exports.backup import postgresql, sqlite
from samweb.exports.backup.layout import (
    FILES,
    FORMAT,
    MANIFEST,
    BadBackup,
    FileEntry,
    sha256_of,
    snapshot_names,
    sync_folder,
    write_whole,
)

DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


@dataclass
class Saved:
    """What a backup did. `missing` are files that the installation has lost or damaged."""

    snapshot: str
    files: int = 0
    copied: int = 0
    copied_bytes: int = 0
    missing: int = 0


def backup(destination: Path, *, database_only: bool = False) -> Saved:
    """Write one more snapshot into `destination`. Raises BadBackup; OSError when it is full.

    A snapshot gets its name when it is complete; whatever ends this earlier leaves a folder
    that ends in `.part`, and the next backup removes it.
    """
    _check_destination(destination)
    (destination / "snapshots").mkdir(parents=True, exist_ok=True)
    for litter in (destination / "snapshots").glob("*.part"):
        shutil.rmtree(litter)
    name = _free_name(destination)
    folder = destination / "snapshots" / f"{name}.part"
    folder.mkdir()
    saved = Saved(name)
    wanted = folder / FILES
    try:
        with wanted.open("w", encoding="ascii") as names:
            database = DATABASES[connection.vendor].dump(folder, _lister(names))
        files = None
        if database_only:
            wanted.unlink()
        else:
            _copy_all(wanted, destination, saved)
            files = {"sha256": sha256_of(wanted), "bytes": wanted.stat().st_size}
        manifest = {
            "format": FORMAT, "created": clock.now().isoformat(timespec="seconds"),
            "database": database, "files": files, "count": saved.files, "missing": saved.missing,
        }  # fmt: skip
        content = json.dumps(manifest, indent=1, sort_keys=True).encode()
        digest = hashlib.sha256(content).hexdigest()
        write_whole(folder / f"{MANIFEST}.sha256", f"{digest}  {MANIFEST}\n".encode())
        write_whole(folder / MANIFEST, content)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    os.replace(folder, destination / "snapshots" / name)
    sync_folder(destination / "snapshots")
    return saved


def _check_destination(destination: Path) -> None:
    data = settings.SAMWEB.data_dir.resolve()
    if destination.resolve() == data or data in destination.resolve().parents:
        raise BadBackup("A backup inside the data folder would be lost with it. Choose another.")
    if destination.exists() and not destination.is_dir():
        raise BadBackup(f"{destination} is not a folder.")


def _free_name(destination: Path) -> str:
    first = clock.now().strftime("%Y%m%dT%H%M%SZ")
    taken, name, number = set(snapshot_names(destination)), first, 1
    while name in taken:
        number += 1
        name = f"{first}-{number}"
    return name


def _lister(names: IO[str]) -> Callable[[str, str], None]:
    def take(kind: str, sha256: str) -> None:
        names.write(f"{kind} {sha256}\n")

    return take


def _copy_all(wanted: Path, destination: Path, saved: Saved) -> None:
    """Copy what is not there yet, and turn the list of names into one with sizes."""
    sized = wanted.with_name(f"{FILES}.sized")
    source = settings.SAMWEB.data_dir / "files"
    with wanted.open(encoding="ascii") as names, sized.open("w", encoding="ascii") as sizes:
        for line in names:
            kind, sha256 = line.split()
            entry = FileEntry(kind, sha256, 0)
            target = entry.path(destination / "files")
            size = target.stat().st_size if target.is_file() else -1
            if size < 0:
                size = copy_checked(entry.path(source), target, sha256)
                saved.copied += size >= 0
                saved.copied_bytes += max(0, size)
            saved.files += 1
            saved.missing += size < 0
            sizes.write(f"{kind} {sha256} {size}\n")
        sizes.flush()
        os.fsync(sizes.fileno())
    os.replace(sized, wanted)


def copy_checked(source: Path, target: Path, sha256: str) -> int:
    """Copy a file if its bytes have this hash; returns their number, or -1."""
    if not source.is_file():
        return -1
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as reading, os.fdopen(handle, "wb") as writing:
            while chunk := reading.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
                writing.write(chunk)
            writing.flush()
            os.fsync(writing.fileno())
        if digest.hexdigest() != sha256:
            return -1
        os.chmod(part, 0o640)
        os.replace(part, target)
    finally:
        Path(part).unlink(missing_ok=True)
    return size
