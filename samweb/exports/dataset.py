"""What an export is made of: one consistent state of a project, spooled to a temporary file.

The database is read once, in one snapshot; formats then go over the spool as often as they
like, with one image in memory at a time and no transaction open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Category:
    """A label as formats see it: `number` counts from 1 in the order of the labels."""

    number: int
    name: str
    colour: str
    kind: str
    parent: str
    label: str | None  # the label's id; None for "(no label)"


@dataclass(frozen=True)
class Object:
    """One annotation. `counts` is a COCO RLE string at image size; `bbox` is x, y, w, h."""

    id: str
    category: int
    counts: str
    area: int
    bbox: list[int]
    iscrowd: bool
    attributes: dict[str, Any]
    track: str | None
    version: int
    verdict: str | None


@dataclass(frozen=True)
class Picture:
    """One image and its objects, bottom to top. `number` counts from 1."""

    number: int
    id: str
    file_name: str  # safe and unique within the export
    name: str  # as it was uploaded
    folder: str
    width: int
    height: int
    pixels_sha256: str
    display_sha256: str
    split: str
    external_id: str
    attributes: dict[str, Any]
    nothing_to_label: bool
    state: str | None  # of the JobImage; None when it is in no job
    licence: str
    credit: str
    objects: list[Object]


@dataclass
class Header:
    """What holds for the whole export, and what its rules left out."""

    project: str
    project_name: str
    seq: int
    include: str
    with_images: bool
    categories: list[Category]
    labels: list[str] | None  # ids, where the export is of some labels only
    pictures: int = 0
    objects: int = 0
    licences: dict[str, int] = field(default_factory=dict)  # name -> number from 1
    left_out: dict[str, int] = field(default_factory=dict)  # rule -> annotations


class Dataset:
    """The spooled snapshot: a header, and the pictures from a file of JSON lines."""

    def __init__(self, header: Header, spool: Path) -> None:
        self.header = header
        self.spool = spool

    def pictures(self) -> Iterator[Picture]:
        """All images in order, each with its objects."""
        with self.spool.open(encoding="utf-8") as lines:
            for line in lines:
                fields = json.loads(line)
                fields["objects"] = [Object(**item) for item in fields["objects"]]
                yield Picture(**fields)


def line_of(picture: Picture) -> str:
    """One line of the spool."""
    return json.dumps(asdict(picture), ensure_ascii=False, separators=(",", ":")) + "\n"
