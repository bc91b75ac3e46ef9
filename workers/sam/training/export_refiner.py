"""Give a bundle its second look: `python -m workers.sam.training.export_refiner --help`.

Adds the graph `refine` (and its weights, for going on with training) to a bundle's folder and
writes the manifest anew, so the bundle gets another id.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from workers.sam.bundle import bundle_id, file_entry, read_manifest
from workers.sam.families.edge_refiner import CROP_SIZE, EdgeRefiner
from workers.sam.training.export import _export

INPUTS = ["crop", "coarse_logits", "point_coords", "point_labels"]


def export_refiner(refiner: EdgeRefiner, folder: Path) -> str:
    """Write `refine.onnx` beside the other graphs and name it; returns the bundle's new id."""
    refiner = refiner.eval()
    side = CROP_SIZE
    example = (
        torch.randn(1, 3, side, side),
        torch.randn(1, 1, side, side),
        torch.rand(1, 3, 2) * side,
        torch.tensor([[1.0, 0.0, 1.0]]),
    )
    free = {"point_coords": {1: "points"}, "point_labels": {1: "points"}}
    path = folder / "refine.onnx"
    _export(refiner, example, INPUTS, ["refined_logits"], free, path)
    halves = {name: value.half().contiguous() for name, value in refiner.state_dict().items()}
    save_file(halves, folder / "refiner.safetensors")
    manifest = read_manifest(folder)
    entry = file_entry(path) | {"inputs": INPUTS, "outputs": ["refined_logits"]}
    manifest["graphs"]["refine"] = entry
    manifest["refine_size"] = side
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return bundle_id(manifest)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="what training wrote (.pt)")
    parser.add_argument("--bundle", type=Path, required=True, help="the folder of a bundle")
    options = parser.parse_args()
    refiner = EdgeRefiner()
    refiner.load_state_dict(torch.load(options.weights, weights_only=True))
    print(f"{options.bundle}: bundle {export_refiner(refiner, options.bundle)}")


if __name__ == "__main__":
    main()
