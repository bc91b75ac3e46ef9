"""The whole way from a file to a bundle in a workshop folder, which the library then takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.sam.bundle import Bundle, BundleError, check_file, file_entry, load_bundle
from workers.sam.checkpoints import child, incoming, variants
from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.graphs import check_graph
from workers.sam.checkpoints.library import ORIGIN, check_name
from workers.sam.checkpoints.tensors import read_header
from workers.sam.families import Variant
from workers.sam.families import variant as find_variant

if TYPE_CHECKING:
    from workers.sam.families.base import PromptableModel

Export = Callable[["PromptableModel", Path, Variant, str], Any]
"""Writes a model's bundle into a folder: its graphs and manifest.json; the text is its name."""

MINUTES = 60.0
NEEDS = "Importing weights needs torch, onnx and safetensors: pip install 'samweb[train]'."


@dataclass(frozen=True)
class Ways:
    """How models are built and exported; tests put smaller ones in."""

    build: variants.Build
    export: Export


@dataclass(frozen=True)
class Imported:
    """A checked bundle in its workshop folder; `variant` is what its weights are of, if known."""

    bundle: Bundle
    variant: str | None
    guessed: bool = False


def standard_ways() -> Ways:
    """The families' builders and the exporter. Raises CheckpointError where torch is missing."""
    try:
        from workers.sam.export.bundle import About, Choices, export_bundle
        from workers.sam.families import build
    except ImportError:
        raise CheckpointError(NEEDS) from None

    def export(model: PromptableModel, folder: Path, entry: Variant, name: str) -> None:
        about = About(name, entry.family, licence=entry.licence, variant=entry.name)
        export_bundle(model, folder, about, Choices(weights=True))

    return Ways(build, export)


def import_file(
    source: Path,
    workshop: Path,
    *,
    variant: str | None = None,
    name: str | None = None,
    ways: Ways | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Imported:
    """Make a bundle of a checkpoint, or take a ready one; `workshop` is an empty folder.

    `name` is what the bundle is to be called (by default its variant's name; a ready bundle keeps
    its own). Raises CheckpointError with one sentence; nothing outside the workshop has changed.
    """
    found = incoming.kind_of(source, workshop)
    folder = workshop / "bundle"
    if found.kind == "bundle":
        if name or variant:
            raise CheckpointError("A ready bundle keeps its own name and model.")
        incoming.take_bundle(found.path, folder)
        return Imported(proven(folder, say), None)
    if variant:
        check_variant(variant)
    if name:
        check_name(name)
    folder.mkdir()
    ways = ways or standard_ways()
    weights = workshop / "weights.safetensors"
    say(f"Reading {source.name} in a process of its own.")
    read_weights(found.path, weights, source.name)
    chosen, guessed = variant, False
    if chosen is None:
        chosen, guessed = variants.guess(read_header(weights), ways.build), True
        say(f"Its names and shapes are those of {chosen}.")
    say(f"Converting {chosen}; this takes seconds for the smallest and minutes for the largest.")
    convert(weights, folder, chosen, name or chosen, ways)
    origin = {"variant": chosen, "source": file_entry(source)}
    (folder / ORIGIN).write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
    return Imported(proven(folder, say), chosen, guessed)


def read_weights(source: Path, target: Path, name: str) -> None:
    """Weights of a file that is not trusted, as safetensors. Raises CheckpointError."""
    size = source.stat().st_size
    if source.suffix == ".safetensors":
        read_header(source)
    limits = child.Limits(memory=(3 << 30) + 4 * size, file=4 * size + (1 << 24), seconds=600.0)
    job = {"source": str(source), "target": str(target)}
    child.ask("workers.sam.checkpoints.read_child", job, limits, name)


def convert(weights: Path, folder: Path, variant: str, name: str, ways: Ways) -> None:
    """Load the weights strictly and write the bundle. Raises CheckpointError."""
    from safetensors.torch import load_file

    from workers.sam.families.base import WrongCheckpoint

    model: PromptableModel = ways.build(variant).eval()
    try:
        model.load_official(load_file(weights))
    except WrongCheckpoint as problem:
        raise CheckpointError(f"This is no {variant}: {problem}") from None
    ways.export(model, folder, find_variant(variant), name)


def check_variant(name: str) -> None:
    """Raise CheckpointError unless this installation can build a variant of that name."""
    try:
        entry = find_variant(name)
    except KeyError as problem:
        raise CheckpointError(str(problem.args[0])) from None
    if not variants.available(entry.family):
        raise CheckpointError(f"The code of {name} is not in this installation.")


def proven(folder: Path, say: Callable[[str], None]) -> Bundle:
    """A bundle whose files match, whose graphs hold nothing strange, and which answers rightly."""
    try:
        bundle = load_bundle(folder)
        if weights := bundle.manifest.get("weights"):
            read_header(check_file(folder, weights))
    except BundleError as problem:
        raise CheckpointError(str(problem).replace(f"{folder}/", "")) from None
    check_name(bundle.name)
    check_graphs(folder, bundle.manifest)
    say("Trying it on a picture.")
    size = sum(path.stat().st_size for path in folder.glob("*.onnx"))
    limits = child.Limits(memory=(6 << 30) + 8 * size, file=1 << 20, seconds=600.0)
    job = {"folder": str(folder)}
    child.ask("workers.sam.checkpoints.trial_child", job, limits, bundle.name)
    return bundle


def check_graphs(folder: Path, manifest: dict[str, Any]) -> None:
    """Look through every graph of a bundle without running it. Raises CheckpointError."""
    for graph in manifest["graphs"].values():
        if graph:
            check_graph(folder / str(graph["file"]))
