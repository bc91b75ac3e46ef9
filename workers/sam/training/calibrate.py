"""Make the predicted IoU of a finished model honest: `python -m workers.sam.training.calibrate`.

Training rates the masks as they are decoded; people see them after corrections and a second look
at their edges, which are better. So the last layer of the rating is fitted once more, with two
numbers, on images kept from training: `sigmoid(slope * z + offset)` for its `sigmoid(z)` (Platt
1999), the least mean absolute error with every set counting alike. Two numbers cannot learn the
sets by heart, and the order of a picture's masks stays as it was.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from workers.sam.bundle import load_bundle
from workers.sam.comparison import columns, compare, read_set
from workers.sam.families.small.model import Sam
from workers.sam.figures import RATED_CLICKS, rated
from workers.sam.training.export import export_model, load_averaged, save_weights
from workers.sam.training.real_sets import TRAINING_SETS

CERTAIN = 0.02  # ratings nearer to 0 or 1 than this are read as this


def fit(pairs_by_set: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """(slope, offset) from (predicted, true) IoUs, float [N,2] for each set."""
    pairs = torch.tensor(np.concatenate(list(pairs_by_set.values())))
    weight = torch.cat(
        [torch.full((len(each),), 1.0 / len(each)) for each in pairs_by_set.values()]
    )
    rated_as = torch.logit(pairs[:, 0].clamp(CERTAIN, 1 - CERTAIN))
    numbers = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([numbers], max_iter=200, line_search_fn="strong_wolfe")

    def error() -> Tensor:
        optimizer.zero_grad()
        gap = torch.sigmoid(numbers[0] * rated_as + numbers[1]) - pairs[:, 1]
        loss = (weight * (gap.square() + 1e-4).sqrt()).sum() / len(pairs_by_set)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(error)  # type: ignore[arg-type]
    slope, offset = numbers.tolist()
    return slope, offset


def recalibrate(model: Sam, slope: float, offset: float) -> None:
    """Fold slope and offset into the last layer of the rating."""
    last = model.mask_decoder.iou_prediction_head.layers[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight *= slope
        last.bias.mul_(slope).add_(offset)


def measure(model: Sam, data: Path, objects: int) -> dict[str, np.ndarray]:
    """(predicted, true) IoU of the masks that the product shows, for each training set's images
    kept from training."""
    sets = [
        read_set(name, data / name / "instances.json", data / name, limit=objects, held_out=True)
        for name in TRAINING_SETS
        if (data / name / "instances.json").is_file()
    ]
    with TemporaryDirectory() as folder:
        export_model(model, Path(folder), "0", 0)
        found = compare(columns(load_bundle(Path(folder))), sets, max_clicks=RATED_CLICKS)
    (method,) = found["methods"].values()
    return {name: rated(result["by_object"]) for name, result in method["sets"].items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="safetensors, changed in place")
    parser.add_argument("--data", type=Path, required=True, help="folder of the image sets")
    parser.add_argument("--objects", type=int, default=40, help="of each set")
    options = parser.parse_args()
    model, seen = load_averaged(options.weights)
    pairs = measure(model, options.data, options.objects)
    slope, offset = fit(pairs)
    gaps = [np.abs(each[:, 0] - each[:, 1]).mean() for each in pairs.values()]
    print(f"mean absolute error {np.mean(gaps):.4f}; slope {slope:.3f}, offset {offset:.3f}")
    recalibrate(model, slope, offset)
    save_weights(model, options.weights, seen)


if __name__ == "__main__":
    main()
