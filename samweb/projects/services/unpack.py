"""An uploaded zip becomes images, entry by entry; a bad entry is named and the others go on.

Entries are streamed through the same `file_add` as single files; nothing is ever written under a
name that stands in an archive. Running it twice makes duplicates of nothing.
"""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from samweb.accounts.models import User
from samweb.core.errors import ApiError
from samweb.core.files import store
from samweb.core.models import Run
from samweb.core.runs import ActiveRun, Refused
from samweb.projects import selectors
from samweb.projects.models import Project
from samweb.projects.names import DRIVE, display_name
from samweb.projects.services.uploads import Added, file_add

MOST_ENTRIES = 100_000
MOST_RATIO = 100
RATIO_COUNTS_FROM = 1 << 20  # a small flat picture may well shrink to a hundredth
TOTAL_FACTOR = 10  # unpacked bytes, of the largest upload allowed
MOST_NAMED = 1000  # entries of which the result tells the name
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
    NotImplementedError, RuntimeError, struct.error,
)  # fmt: skip


def zip_unpack(run: ActiveRun) -> dict[str, Any]:
    """The work of a run of kind `unpack`: open the stored archive; returns `archive_add`'s result.

    Raises Refused when the archive, the project or the right to upload is gone.
    """
    if run.project is None or run.actor is None:
        raise Refused("The run does not say who uploads to what.")
    actor = User.objects.filter(pk=run.actor, is_active=True).first()
    if actor is None:
        raise Refused("The account that uploaded the archive is closed.")
    try:
        project = selectors.project_get(actor, run.project, "manager")
    except ApiError:
        raise Refused("The uploader may no longer add images to this project.") from None
    path = store().path("uploads", run.payload["sha256"])
    if not path.is_file():
        if run.attempts > 1:  # killed between the last entry and the end of the run
            return {"created": 0, "duplicate": 0, "refused": 0, "results": []}
        raise Refused("The uploaded archive is gone. Upload it again.")
    file = path.stat().st_ino
    result = archive_add(
        project=project, actor=actor, path=path, folder=run.payload.get("folder", ""),
        on_progress=run.progress, checkpoint=run.checkpoint,
    )  # fmt: skip
    _discard(path, file, run)
    return result


def _discard(path: Path, file: int, run: ActiveRun) -> None:
    """Remove the archive, unless another run waits for it or it has just come again."""
    sha256 = run.payload["sha256"]
    others = Run.objects.filter(kind="unpack", state__in=Run.ACTIVE, payload__sha256=sha256)
    if not others.exclude(pk=run.id).exists() and path.stat().st_ino == file:
        path.unlink(missing_ok=True)


def archive_add(
    *, project: Project, actor: User | None, path: Path, folder: str = "",
    on_progress: Callable[[int, int, str], None], checkpoint: Callable[[], None],
) -> dict[str, Any]:  # fmt: skip
    """Add every picture of a zip: `{created, duplicate, refused, results}`. Raises Refused.

    `results` names the refused entries, the first thousand of them.
    """
    _check_directory(path)
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE:
        raise Refused("The archive is damaged: its table of contents cannot be read.") from None
    counts = {"created": 0, "duplicate": 0, "refused": 0}
    named: list[dict[str, str]] = []
    with archive:
        entries = [entry for entry in archive.infolist() if not _litter(entry)]
        _check_total(archive.infolist())
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            checkpoint()
            added = _entry_add(archive, entry, project, actor, folder, seen)
            seen.add(entry.filename)
            counts[added.status] += 1
            if added.status == "refused" and len(named) < MOST_NAMED:
                named.append({"name": added.name, "code": added.code, "message": added.message})
            on_progress(index + 1, len(entries), added.name)
    return {**counts, "results": named}


def _entry_add(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, project: Project, actor: User | None,
    folder: str, seen: set[str],
) -> Added:  # fmt: skip
    shown = display_name(entry.filename)[:500]
    problem = _problem(entry, seen)
    if problem is not None:
        code, text = problem
        return Added(shown, "refused", code=code, message=f"{shown} {text}")
    try:
        with archive.open(entry) as opened:
            return file_add(
                project=project, actor=actor, file=_Bounded(opened, entry.file_size),
                path=entry.filename, folder=folder, archives=False,
            )  # fmt: skip
    except DAMAGE:
        return Added(
            shown, "refused", code="damaged_entry", message=f"{shown} is damaged in the archive."
        )


def _litter(entry: zipfile.ZipInfo) -> bool:
    last = entry.filename.rsplit("/", 1)[-1]
    return (
        entry.is_dir() or entry.filename.startswith(LITTER[0]) or last.startswith("._")
        or last in LITTER
    )  # fmt: skip


def _problem(entry: zipfile.ZipInfo, seen: set[str]) -> tuple[str, str] | None:
    parts = entry.filename.replace("\\", "/").split("/")
    mode = entry.external_attr >> 16
    if ".." in parts or parts[0] == "" or DRIVE.fullmatch(parts[0]):
        return "unsafe_path", "has a path that leads out of the archive."
    if mode and not (stat.S_ISREG(mode) or stat.S_IFMT(mode) == 0):
        return "not_a_file", "is a link or a device, not a file."
    if entry.flag_bits & 1:
        return "encrypted", "is encrypted."
    if entry.filename in seen:
        return "twice", "stands in the archive twice; the first one was taken."
    if entry.file_size > settings.SAMWEB.max_upload_bytes:
        return "too_large", "is too large unpacked."
    packed = max(1, entry.compress_size)
    if entry.file_size > RATIO_COUNTS_FROM and entry.file_size / packed > MOST_RATIO:
        return "bomb", f"unfolds to more than {MOST_RATIO} times its size."
    return None


def _check_total(entries: list[zipfile.ZipInfo]) -> None:
    limit = TOTAL_FACTOR * settings.SAMWEB.max_upload_bytes
    if sum(entry.file_size for entry in entries) > limit:
        raise Refused(f"The archive unfolds to more than {limit / 1e9:g} GB.")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise Refused("The archive is a bomb: its entries lie over each other.")
        end = entry.header_offset + 30 + entry.compress_size


def _check_directory(path: Path) -> None:
    """Count the entries of the table of contents without making an object for each."""
    with path.open("rb") as file:
        try:
            end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
            size = end[5] if end else None  # of the table of contents, as it says itself
        except DAMAGE:
            size = None
        if size is None:
            raise Refused("The archive is damaged: its table of contents is missing.")
        if size > MOST_ENTRIES * 400:
            raise Refused(f"The archive has more than {MOST_ENTRIES} entries.")
        trailer = 76 if end[0] == b"PK\x06\x06" else 0  # the records of the 64-bit form
        file.seek(max(0, end[9] - size - trailer))
        table = file.read(size)
    at, count = 0, 0
    while table[at : at + 4] == b"PK\x01\x02" and at + 46 <= len(table):
        name, extra, comment = struct.unpack_from("<HHH", table, at + 28)
        at += 46 + name + extra + comment
        count += 1
        if count > MOST_ENTRIES:
            raise Refused(f"The archive has more than {MOST_ENTRIES} entries.")


class _Bounded:
    """An entry that ends where it said it would; more is a lie and an error."""

    def __init__(self, opened: IO[bytes], size: int) -> None:
        self.opened = opened
        self.left = size

    def read(self, size: int = -1) -> bytes:
        data = self.opened.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise zipfile.BadZipFile("longer than stated")
        return data
