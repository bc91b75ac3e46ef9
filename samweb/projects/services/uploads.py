"""Step 1 of the flow: one uploaded file becomes an image, a duplicate, a refusal or a run.

The bytes are hashed, the type is taken from the content, a child process decodes, the files go
into the store under their hashes, and then the row is made.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction

from samweb.accounts.models import User
from samweb.core import queue
from samweb.core.files import store
from samweb.core.models import Run
from samweb.projects import decoding, selectors
from samweb.projects.models import Image, Project
from samweb.projects.names import folder_path, place
from samweb.projects.raster import Unreadable
from samweb.projects.services.images import image_create

CHUNK = 1 << 20
ARCHIVE_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class Readable(Protocol):
    """What uploads and archive entries have in common."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class Added:
    """What became of one file: `created`, `duplicate`, `refused` or `unpacking`."""

    name: str
    status: str
    image: Image | None = None
    run: Run | None = None
    code: str = ""
    message: str = ""


def file_add(
    *, project: Project, actor: User | None, file: Readable, path: str, folder: str = "",
    archives: bool = True, most_bytes: int | None = None,
) -> Added:  # fmt: skip
    """Take one file in. `path` is its name, or its relative path in a dropped folder.

    Never raises for what the file holds: a bad file is answered with `refused`, its name, a code
    and one sentence.
    """
    above, name = place(path, folder)
    try:
        with _own_copy(file, most_bytes or settings.SAMWEB.max_upload_bytes) as copy:
            if copy.start.startswith(ARCHIVE_STARTS):
                return _archive_add(project, actor, copy, name, above, archives)
            return _picture_add(project, actor, copy, name, above)
    except Unreadable as error:
        return Added(name, "refused", code=error.code, message=f"{name} {error}")


@dataclass(frozen=True)
class _Copy:
    """The uploaded bytes in a folder of our own that goes when the file is done."""

    path: Path
    sha256: str
    length: int
    start: bytes


@contextmanager
def _own_copy(file: Readable, most_bytes: int) -> Iterator[_Copy]:
    root = Path(settings.SAMWEB.data_dir) / "tmp"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root, prefix="upload-"))
    path, digest, length, start = folder / "original", hashlib.sha256(), 0, b""
    try:
        linked = _link(file, path)
        with open(path, "rb" if linked else "wb") as target:
            source: Any = target if linked else file
            while chunk := source.read(CHUNK):
                start = start or chunk[:16]
                digest.update(chunk)
                length += len(chunk)
                if length > most_bytes:
                    raise Unreadable("too_large", f"is larger than {most_bytes >> 20} MB.")
                if not linked:
                    target.write(chunk)
        yield _Copy(path, digest.hexdigest(), length, start)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link(file: Any, path: Path) -> bool:
    """A large upload lies on disk already: a second name is cheaper than a second copy."""
    if not hasattr(file, "temporary_file_path"):
        return False
    try:
        os.link(file.temporary_file_path(), path)
    except OSError:
        return False
    return True


def _picture_add(
    project: Project, actor: User | None, copy: _Copy, name: str, folder: str
) -> Added:
    twin = selectors.image_twin(project, copy.sha256, folder, name)
    if twin is not None:
        return Added(name, "duplicate", image=twin)
    folder_of_copy = copy.path.parent
    decoded = decoding.decode(copy.path, folder_of_copy, settings.SAMWEB.max_pixels)
    files = store()
    display = files.adopt("display", folder_of_copy / "display")
    thumb = files.adopt("thumbs", folder_of_copy / "thumb")
    files.adopt("originals", copy.path)
    try:
        with transaction.atomic():
            image = image_create(
                project=project, actor=actor, original_sha256=copy.sha256,
                pixels_sha256=decoded.pixels_sha256, display_sha256=display.sha256,
                display_type=decoded.display_type, thumb_sha256=thumb.sha256,
                width=decoded.width, height=decoded.height, bytes=copy.length,
                format=decoded.format, name=name, folder=folder, note=decoded.note[:500],
                window=decoded.window, source={"kind": "upload"},
            )  # fmt: skip
    except IntegrityError:  # its twin came at the same moment
        twin = selectors.image_twin(project, copy.sha256, folder, name)
        if twin is None:
            raise
        return Added(name, "duplicate", image=twin)
    return Added(name, "created", image=image)


def _archive_add(
    project: Project, actor: User | None, copy: _Copy, name: str, folder: str, archives: bool
) -> Added:
    if not archives:
        raise Unreadable("nested_archive", "is an archive in an archive, which is not opened.")
    files = store()
    files.adopt("uploads", copy.path)
    folder = folder_path(folder)
    run = queue.enqueue(
        "unpack",
        payload={"sha256": copy.sha256, "name": name, "folder": folder},
        project=project.pk,
        dedupe_key=f"unpack:{project.pk}:{copy.sha256}:{folder}"[:200],
        actor=actor.pk if actor else None,
    )
    return Added(name, "unpacking", run=run)
