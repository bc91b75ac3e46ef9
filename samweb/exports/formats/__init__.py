"""Export formats: one file each, all of the same shape.

`write(dataset, archive, tick)` puts the members into the archive; `check(dataset, archive, tick)`
reads them back, compares every mask with the stored one and returns the report, or raises
Mismatch. `tick()` is called after each image of each of the PASSES and may raise to stop. `RULES`
says in sentences what becomes of every annotation.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Any, Protocol

from samweb.exports.archive import Archive
from samweb.exports.dataset import Dataset

Tick = Callable[[], None]


class Mismatch(Exception):
    """What was written is not what is stored; the message says where."""


class Format(Protocol):
    """What a format module offers."""

    RULES: list[str]
    PASSES: int  # over the images, writing and checking: what `tick` adds up to

    def write(self, dataset: Dataset, archive: Archive, tick: Tick) -> None: ...

    def check(self, dataset: Dataset, archive: zipfile.ZipFile, tick: Tick) -> dict[str, Any]: ...


def by_name(name: str) -> Format:
    """The module of a format. Raises KeyError for a name that is not in NAMES."""
    from samweb.exports.formats import coco, png

    modules: dict[str, Any] = {"coco": coco, "png": png}
    return modules[name]


NAMES = ("coco", "png")
