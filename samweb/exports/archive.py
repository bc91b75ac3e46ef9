"""A zip whose bytes depend on its content alone: fixed times, fixed order, streamed to disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_TIME = (1980, 1, 1, 0, 0, 0)


class Archive:
    """Writes members one after another into a file; memory does not grow with the archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    @contextmanager
    def member(self, name: str, *, packed: bool = False) -> Iterator[IO[bytes]]:
        """Open one member for writing. `packed` bytes (PNG, JPEG) are not compressed again."""
        info = zipfile.ZipInfo(name, _TIME)
        info.create_system = 3
        info.external_attr = 0o644 << 16
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as file:
            yield file
