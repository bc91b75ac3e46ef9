"""Bundles: a folder with `manifest.json` and the graphs it names by hash.

A bundle's id is the sha256 of its manifest in canonical JSON, and the manifest holds the hash of
every file, so the id stands for every byte. A bundle that does not match its manifest is refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sam.preprocess import Square

FORMAT = 1
REQUIRED_GRAPHS = ("encoder", "decode")
GRAPHS = ("encoder", "prepare", "decode", "decode_with_mask", "refine")
MOST_MANIFEST = 1 << 20  # bytes
BUNDLES_FOLDER = Path(__file__).resolve().parent.parent / "bundles"


class BundleError(ValueError):
    """A bundle that cannot be used; the message says why in one sentence."""


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of an embedding, for one image (the leading 1 is the image)."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Bundle:
    """A checked bundle."""

    folder: Path
    manifest: dict[str, Any]
    id: str

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.manifest["name"])

    @property
    def input_size(self) -> Square:
        """Side of model space, pixels."""
        preprocess = self.manifest["preprocess"]
        return Square(preprocess["input_size"][0], preprocess.get("resize") == "stretch")

    @property
    def tensors(self) -> list[TensorSpec]:
        """What an embedding consists of, in storage order."""
        return [
            TensorSpec(entry["name"], tuple(entry["shape"]), entry["dtype"])
            for entry in self.manifest["tensors"]
        ]

    def graph(self, name: str) -> Path | None:
        """The file of a graph, or None when the bundle does without it."""
        entry = self.manifest["graphs"].get(name)
        return self.folder / entry["file"] if entry else None


def canonical_json(manifest: dict[str, Any]) -> bytes:
    """The one spelling of a manifest that is hashed."""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode("utf-8")


def bundle_id(manifest: dict[str, Any]) -> str:
    """sha256 of the canonical manifest, in hex."""
    return hashlib.sha256(canonical_json(manifest)).hexdigest()


def file_entry(path: Path) -> dict[str, Any]:
    """How a manifest names a file."""
    with path.open("rb") as file:  # piecewise: the weights of a large model are gigabytes
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "sha256": digest, "bytes": path.stat().st_size}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder, checked for shape but not against its files."""
    path = folder / "manifest.json"
    try:
        if path.stat().st_size > MOST_MANIFEST:
            raise BundleError(f"{path} is too long for a manifest.")
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{folder} holds no manifest.json.") from None
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, BundleError):
            raise
        raise BundleError(f"{path} is not JSON.") from None
    if not isinstance(manifest, dict):
        raise BundleError(f"{path} is not a JSON object.")
    if manifest.get("format") != FORMAT:
        raise BundleError(f"{path} has format {manifest.get('format')!r}, not {FORMAT}.")
    for key in ("name", "version", "preprocess", "tensors", "graphs", "low_res_size", "candidates"):
        if key not in manifest:
            raise BundleError(f"{path} lacks {key!r}.")
    graphs = manifest["graphs"]
    if not isinstance(graphs, dict) or not all(
        entry is None or isinstance(entry, dict) for entry in graphs.values()
    ):
        raise BundleError(f"{path} does not list its graphs by name.")
    for name in REQUIRED_GRAPHS:
        if not graphs.get(name):
            raise BundleError(f"{path} names no {name} graph.")
    return manifest


def load_bundle(folder: Path | str) -> Bundle:
    """Read a bundle and check the hash of every graph; weights are checked by who loads them."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    for name in GRAPHS:
        entry = manifest["graphs"].get(name)
        if entry:
            check_file(folder, entry)
    return Bundle(folder, manifest, bundle_id(manifest))


def check_file(folder: Path, entry: dict[str, Any]) -> Path:
    """The file that a manifest's entry names, if it is that file; raises BundleError if not."""
    file_name = str(entry.get("file", ""))
    if not file_name or Path(file_name).name != file_name:
        raise BundleError(f"A bundle's file must lie in its folder, {file_name!r} does not.")
    path = folder / file_name
    if not path.is_file():
        raise BundleError(f"{path} is missing.")
    found = file_entry(path)
    if found["sha256"] != entry.get("sha256"):
        raise BundleError(f"{path} is not the file its manifest names: the sha256 differs.")
    return path


def shipped_bundles(folder: Path = BUNDLES_FOLDER) -> list[Bundle]:
    """All bundles in a folder of bundles, checked, by name."""
    return [load_bundle(each) for each in bundle_folders(folder)]


def bundle_folders(*places: Path) -> list[Path]:
    """The folders with a manifest in these folders of bundles, by name; none is opened."""
    found = [path.parent for place in places for path in sorted(place.glob("*/manifest.json"))]
    return [folder for folder in found if not folder.name.startswith(".")]


def find_bundle(wanted: str | None = None, places: tuple[Path, ...] = (BUNDLES_FOLDER,)) -> Bundle:
    """A bundle by id (or the beginning of it), name or folder; the shipped one by default.

    `places` are folders of bundles. Only the chosen one's files are read.
    """
    if wanted and (Path(wanted) / "manifest.json").is_file():
        return load_bundle(wanted)
    wanted = wanted or "samweb-small"
    known = []
    for folder in bundle_folders(*places):
        manifest = read_manifest(folder)
        id = bundle_id(manifest)
        if manifest["name"] == wanted or (len(wanted) >= 8 and id.startswith(wanted)):
            return load_bundle(folder)
        known.append(f"{manifest['name']} ({id[:12]})")
    raise BundleError(f"There is no bundle {wanted!r}; known: {', '.join(known) or 'none'}.")
