"""What models there are: known variants, bundle folders, registered rows, and the stored files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import DatabaseError

from samweb.core.files import store
from samweb.embeddings.models import Bundle
from samweb.embeddings.selectors import bundle_files
from workers import encoder
from workers.places import library
from workers.sam.bundle import BundleError, bundle_id, read_manifest
from workers.sam.checkpoints.download import sha256_of
from workers.sam.checkpoints.library import origin
from workers.sam.families import VARIANTS


@dataclass(frozen=True)
class Row:
    """A line of `models list`: `id` and `bytes` are empty for what is not here."""

    name: str
    state: str
    id: str = ""
    bytes: int = 0


def rows() -> list[Row]:
    """The catalogue in its order, then what is here besides."""
    here = _here()
    found = []
    for variant in VARIANTS:
        mine = [name for name, (_row, made_of) in here.items() if variant.name in (name, made_of)]
        found += [here.pop(name)[0] for name in mine]
        if not mine:
            fetch = f"not here: models pull {variant.name}" if variant.source else "not here"
            found.append(Row(variant.name, fetch))
    found += [row for row, _made_of in here.values()]
    names = {row.id for row in found}
    with contextlib.suppress(DatabaseError):  # files can be listed before there is a database
        for bundle in Bundle.objects.exclude(id__in=names).order_by("name", "registered"):
            size = sum(int(entry["bytes"]) for entry in bundle_files(bundle.manifest).values())
            found.append(Row(bundle.name, "in the store only", bundle.id, size))
    return found


def _here() -> dict[str, tuple[Row, str]]:
    """By name: the row of each bundle folder, and the variant it was made of."""
    found: dict[str, tuple[Row, str]] = {}
    for state, folders in (("ships", encoder.shipped()), ("imported", library().folders())):
        for folder in folders:
            try:
                manifest = read_manifest(folder)
            except BundleError as problem:
                found[folder.name] = (Row(folder.name, f"broken: {problem}"), "")
                continue
            row = Row(str(manifest["name"]), state, bundle_id(manifest), bytes_of(folder))
            made_of = str(origin(folder).get("variant", ""))
            if made_of and made_of != row.name:
                row = Row(row.name, f"{state}, made of {made_of}", row.id, row.bytes)
            found[row.name] = (row, made_of)
    return found


def bytes_of(folder: Path) -> int:
    """How much a bundle's folder holds."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def is_meant(bundle: Bundle, text: str) -> bool:
    """Whether a name or the beginning of an id (eight letters or more) means this bundle."""
    return bundle.name == text or (len(text) >= 8 and bundle.id.startswith(text))


def verify() -> Iterator[tuple[str, list[str]]]:
    """Hash everything again: (what, its problems) for each folder and each registered bundle."""
    shelf = library()
    for folder in [*encoder.shipped(), *shelf.folders()]:
        yield f"{folder.name} (folder)", shelf.problems(folder)
    for bundle in Bundle.objects.order_by("name", "registered"):
        yield f"{bundle.name} {bundle.id[:12]} (store)", _stored_problems(bundle)


def _stored_problems(bundle: Bundle) -> list[str]:
    found = []
    for entry in bundle_files(bundle.manifest).values():
        path = store().path("bundles", entry["sha256"])
        if not path.is_file():
            found.append(f"{entry['file']} is missing; a worker that has it puts it back.")
        elif sha256_of(path) != entry["sha256"]:
            found.append(f"{path} is damaged: delete it, and a worker that has it puts it back.")
    return found
