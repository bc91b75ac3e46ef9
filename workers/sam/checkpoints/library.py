"""The folder of imported bundles: one sub-folder each, made complete before it gets its name.

models/NAME/        manifest.json, the graphs, weights.safetensors if any, origin.json
models/downloads/   checkpoints that `pull` fetched, whole or in part
models/pins.json    hashes of downloads for which none is published
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workers.sam.bundle import (
    Bundle,
    BundleError,
    bundle_folders,
    check_file,
    load_bundle,
    read_manifest,
)
from workers.sam.checkpoints.download import Pins
from workers.sam.checkpoints.errors import CheckpointError

ORIGIN = "origin.json"
RESERVED = {"downloads"}
STALE_HOURS = 24.0


def check_name(name: str) -> None:
    """Raise CheckpointError unless this can be the name of a bundle and of its folder."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name) or name in RESERVED:
        raise CheckpointError(
            f"A bundle's name is small letters, digits, dots and dashes, and {name!r} is not."
        )


class Library:
    """The imported bundles of an installation; `shipped` is the folder of those that come along."""

    def __init__(self, root: Path, shipped: Path) -> None:
        self.root = root
        self.shipped = shipped
        self.downloads = root / "downloads"
        self.pins = Pins(root / "pins.json")

    def folders(self) -> list[Path]:
        """The folders of imported bundles, by name."""
        return bundle_folders(self.root)

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """An empty folder on the same file system; whatever is left in it is deleted."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._sweep()
        folder = Path(tempfile.mkdtemp(prefix=".import-", dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def install(self, bundle: Bundle) -> Path:
        """Give a checked bundle from the workshop its place; the same one again stays as it is.

        Raises CheckpointError when another bundle has its name.
        """
        target = self.root / bundle.name
        for taken in (self.shipped / bundle.name, target):
            if not (taken / "manifest.json").is_file():
                continue
            if load_bundle(taken).id == bundle.id:
                return taken
            raise CheckpointError(
                f"Another bundle is called {bundle.name}: remove it first, or give a checkpoint "
                "another name with --name."
            )
        if target.is_dir():  # what is left of one whose deletion was interrupted
            shutil.rmtree(target)
        for path in bundle.folder.iterdir():
            _sync(path)
        try:
            os.rename(bundle.folder, target)
        except OSError as problem:
            raise CheckpointError(f"{target} cannot be made: {problem.strerror}.") from None
        _sync(self.root)
        return target

    def remove(self, name: str) -> bool:
        """Delete an imported bundle's folder; False when there is none."""
        check_name(name)
        folder = self.root / name
        if not (folder / "manifest.json").is_file():
            return False
        (folder / "manifest.json").unlink()  # first: a half deleted folder is no bundle
        shutil.rmtree(folder)
        return True

    def problems(self, folder: Path) -> list[str]:
        """What is wrong with a bundle's files, each in one sentence; hashes every one."""
        found = []
        try:
            manifest = read_manifest(folder)
        except BundleError as problem:
            return [str(problem)]
        for entry in (*manifest["graphs"].values(), manifest.get("weights")):
            try:
                if entry:
                    check_file(folder, entry)
            except BundleError as problem:
                found.append(str(problem))
        return found

    def _sweep(self) -> None:
        """Workshops of commands that were killed."""
        for left in self.root.glob(".import-*"):
            if time.time() - left.stat().st_mtime > STALE_HOURS * 3600:
                shutil.rmtree(left, ignore_errors=True)


def origin(folder: Path) -> dict[str, Any]:
    """Where an imported bundle came from; empty for bundles that came ready."""
    try:
        found = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
