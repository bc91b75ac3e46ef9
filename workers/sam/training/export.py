"""From a checkpoint of the small model to a bundle: `python -m workers.sam.training.export --help`.

Weights are stored as float16 and widened once when a session starts; all arithmetic is float32.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save_file

from workers.sam.export.bundle import About, Choices, export_bundle
from workers.sam.families.small.model import Sam, load_weights

# The graphs are small: half the download is worth more than a start that is a little quicker.
CHOICES = Choices(half_decoder=True, official=False)
EMBEDDING_DTYPE = "int8"  # half of float16's bytes for less than 0.002 mIoU: docs/model.md


def load_averaged(checkpoint: Path) -> tuple[Sam, dict]:
    """The averaged model of a checkpoint, and how far training had come."""
    saved = load_weights(str(checkpoint))
    model = Sam()
    model.load_state_dict(saved["averaged"])
    return model.eval(), saved["progress"]


def export_checkpoint(
    checkpoint: Path,
    folder: Path,
    version: str,
    candidates: list[str],
    data: list[str],
    embedding_dtype: str = EMBEDDING_DTYPE,
) -> str:
    """Write a whole bundle; returns its id."""
    model, progress = load_averaged(checkpoint)
    training = {"data": data, "images_seen": progress["images_seen"], "commit": ""}
    about = About("samweb-small", "small", version, training=training, candidates=candidates)
    return export_bundle(model, folder, about, replace(CHOICES, embedding_dtype=embedding_dtype))


def export_weights(checkpoint: Path, path: Path) -> None:
    """The averaged weights as float16, for notebooks and for `train --refine`: what took hours
    must not have to be made again. They are no part of the bundle, which stays small."""
    model, progress = load_averaged(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(halves, path, {"images_seen": str(progress["images_seen"])})


def main() -> None:
    """Command line."""
    from workers.sam.training.real_sets import TRAINING_SETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="also write the weights, as safetensors")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument(
        "--candidates", nargs=4, default=["single", "whole", "part", "subpart"], metavar="NAME"
    )
    parser.add_argument(
        "--embedding-dtype", choices=("float16", "float32", "int8"), default=EMBEDDING_DTYPE
    )
    options = parser.parse_args()
    data = [*TRAINING_SETS, "unlabelled_photos", "procedural scenes"]
    made = export_checkpoint(
        options.checkpoint,
        options.out,
        options.version,
        options.candidates,
        data,
        options.embedding_dtype,
    )
    if options.weights:
        export_weights(options.checkpoint, options.weights)
    total = sum(path.stat().st_size for path in options.out.iterdir())
    print(f"{options.out}: bundle {made}, {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
