"""From a checkpoint of the small model to a bundle: `python -m workers.sam.training.export --help`.

Weights are stored as float16 and widened once when a session starts; all arithmetic is float32.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save_file

from workers.sam.export.bundle import About, Choices, export_bundle
from workers.sam.families.small.model import Sam
from workers.sam.training.real_sets import TRAINING_SETS
from workers.sam.training.trainer import finished_run

# The graphs are small: half the download is worth more than a start that is a little quicker.
CHOICES = Choices(half_decoder=True, official=False)
CANDIDATES = ("single", "whole", "part", "subpart")
EMBEDDING_DTYPE = "int8"  # half of float16's bytes for less than 0.002 mIoU: docs/model.md


def load_averaged(path: Path) -> tuple[Sam, int]:
    """The averaged model of a checkpoint or of weights as safetensors, and the images it saw."""
    weights, seen = finished_run(path)
    model = Sam()
    model.load_state_dict(weights)
    return model.eval(), seen


def export_model(
    model: Sam,
    folder: Path,
    version: str,
    images_seen: int,
    candidates: Sequence[str] = CANDIDATES,
    embedding_dtype: str = EMBEDDING_DTYPE,
) -> str:
    """Write a whole bundle; returns its id."""
    data = [*TRAINING_SETS, "unlabelled_photos", "procedural scenes"]
    training = {"data": data, "images_seen": images_seen, "commit": ""}
    about = About("samweb-small", "small", version, training=training, candidates=candidates)
    return export_bundle(model, folder, about, replace(CHOICES, embedding_dtype=embedding_dtype))


def save_weights(model: Sam, path: Path, images_seen: int) -> None:
    """The weights as float16, for notebooks and for `train --refine`: what took hours must not
    have to be made again. They are no part of the bundle, which stays small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(halves, path, {"images_seen": str(images_seen)})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="or weights as safetensors")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="also write the weights, as safetensors")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--candidates", nargs=4, default=CANDIDATES, metavar="NAME")
    parser.add_argument(
        "--embedding-dtype", choices=("float16", "float32", "int8"), default=EMBEDDING_DTYPE
    )
    options = parser.parse_args()
    model, seen = load_averaged(options.checkpoint)
    made = export_model(
        model, options.out, options.version, seen, options.candidates, options.embedding_dtype
    )
    if options.weights:
        save_weights(model, options.weights, seen)
    total = sum(path.stat().st_size for path in options.out.iterdir())
    print(f"{options.out}: bundle {made}, {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
