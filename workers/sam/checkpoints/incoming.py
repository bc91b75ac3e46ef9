"""What kind of file was brought, told by its content, and bundles taken out of zips."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workers.sam.bundle import MOST_MANIFEST, BundleError, read_manifest
from workers.sam.checkpoints.errors import CheckpointError

CHECKPOINTS = {".pt", ".pth", ".safetensors", ".bin", ".ckpt"}
WEIGHTS = "weights.safetensors"
MOST_MEMBERS = 10_000
MOST_BYTES = 8_000_000_000
PIECE = 1 << 20


@dataclass(frozen=True)
class Found:
    """`kind` is "checkpoint" or "bundle"; `path` a checkpoint, or a folder or zip of a bundle."""

    kind: str
    path: Path


def kind_of(source: Path, workshop: Path) -> Found:
    """Tell what a file is. A checkpoint inside a zip is unpacked into the workshop.

    Raises CheckpointError for what is neither.
    """
    if source.is_dir():
        if (source / "manifest.json").is_file():
            return Found("bundle", source)
        raise CheckpointError(f"{source.name} is a folder without a manifest.json.")
    if not source.is_file():
        raise CheckpointError(f"{source} does not exist.")
    if source.suffix == ".onnx":
        raise CheckpointError(
            f"{source.name} alone says too little: bring the folder or zip of a bundle, "
            "with its manifest.json."
        )
    if source.suffix != ".safetensors" and zipfile.is_zipfile(source):
        return _in_zip(source, workshop)
    if source.suffix in CHECKPOINTS:
        return Found("checkpoint", source)
    raise CheckpointError(
        f"{source.name} is no checkpoint (.pt, .pth, .safetensors) and no bundle (folder or zip)."
    )


def _in_zip(source: Path, workshop: Path) -> Found:
    """A zip is torch's own format, a bundle, or a wrapping around one checkpoint."""
    with _opened(source) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if any(name.endswith("/data.pkl") for name in names):
            return Found("checkpoint", source)
        if _manifest_of(names) is not None:
            return Found("bundle", source)
        inside = [name for name in names if PurePosixPath(name).suffix in CHECKPOINTS]
        if len(inside) != 1:
            raise CheckpointError(f"{source.name} holds neither a manifest.json nor a checkpoint.")
        target = workshop / f"unpacked{PurePosixPath(inside[0]).suffix}"
        _copy(archive, inside[0], target, MOST_BYTES)
    return Found("checkpoint", target)


def take_bundle(source: Path, folder: Path) -> None:
    """Copy the files that a bundle's manifest names, and no others, into a new folder."""
    folder.mkdir()
    try:
        if source.is_dir():
            shutil.copyfile(source / "manifest.json", folder / "manifest.json")
            for name in _named(folder):
                if not (source / name).is_file():
                    raise CheckpointError(f"The bundle lacks its file {name}.")
                shutil.copyfile(source / name, folder / name)
        else:
            _take_from_zip(source, folder)
    except BundleError as problem:
        raise CheckpointError(str(problem).replace(f"{folder}/", "")) from None


def _take_from_zip(source: Path, folder: Path) -> None:
    with _opened(source) as archive:
        manifest = _manifest_of([info.filename for info in archive.infolist()])
        assert manifest is not None  # kind_of has seen it
        _copy(archive, manifest, folder / "manifest.json", MOST_MANIFEST)
        inside = manifest.removesuffix("manifest.json")
        for name in _named(folder):
            if inside + name not in archive.namelist():
                raise CheckpointError(f"The bundle lacks its file {name}.")
            _copy(archive, inside + name, folder / name, MOST_BYTES)


def _named(folder: Path) -> list[str]:
    """The file names in a manifest; BundleError unless all are plain names."""
    manifest = read_manifest(folder)
    names = {str(graph.get("file", "")) for graph in manifest["graphs"].values() if graph}
    for name in names:
        if not name.endswith(".onnx") or Path(name).name != name or name.startswith("."):
            raise BundleError(f"A bundle's file must be NAME.onnx in its folder, {name!r} is not.")
    if manifest.get("weights") is not None:
        weights = manifest["weights"]
        if not isinstance(weights, dict) or weights.get("file") != WEIGHTS:
            raise BundleError(f"A bundle's weights must be called {WEIGHTS}.")
        names.add(WEIGHTS)
    return sorted(names)


def _manifest_of(names: list[str]) -> str | None:
    """Where the manifest lies: at the top of the zip, or in its only folder."""
    found = [name for name in names if name.split("/")[-1] == "manifest.json"]
    return found[0] if len(found) == 1 and found[0].count("/") <= 1 else None


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise CheckpointError(f"{source.name} is a damaged zip.") from None
    if len(archive.infolist()) > MOST_MEMBERS:
        archive.close()
        raise CheckpointError(f"{source.name} holds more than {MOST_MEMBERS} files.")
    return archive


def _copy(archive: zipfile.ZipFile, name: str, target: Path, most: int) -> None:
    """Unpack one member, at most so many bytes of it."""
    size = 0
    try:
        with archive.open(name) as member, target.open("wb") as file:
            while piece := member.read(PIECE):
                size += len(piece)
                if size > most:
                    text = f"{target.name} unpacks to more than {most / 1e6:.0f} MB."
                    raise CheckpointError(text)
                file.write(piece)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, NotImplementedError):
        raise CheckpointError(f"The zip is damaged at {target.name}.") from None
