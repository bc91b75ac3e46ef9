"""Checkpoints and bundles for tests: a model of a few numbers under official names, and its
"export", which borrows the graphs of the bundle that ships."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.sam.conftest import ready_bundle
from workers.sam.bundle import file_entry
from workers.sam.checkpoints.importing import Ways
from workers.sam.families import Variant
from workers.sam.families.base import PromptableModel

WIDTHS = {"sam-vit-b": 4, "sam-vit-l": 6}  # the variants that are "installed" in these tests


class Tiny(PromptableModel):
    """Two layers; drops the head that official files of its kind carry along."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.image_encoder = nn.Linear(3, width)
        self.mask_decoder = nn.Linear(width, 2)

    def official_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {name: value for name, value in state.items() if not name.startswith("head.")}


def build(name: str) -> PromptableModel:
    torch.manual_seed(0)
    return Tiny(WIDTHS[name])


def borrowed_export(model: PromptableModel, folder: Path, entry: Variant, name: str) -> None:
    """A bundle of the shipped graphs under another name, the model's numbers in its manifest."""
    save_file(model.state_dict(), folder / "weights.safetensors")
    weights = file_entry(folder / "weights.safetensors") | {"variant": entry.name}
    manifest = ready_bundle(folder, name, licence=entry.licence, weights=weights)
    manifest["sum"] = round(sum(float(p.detach().sum()) for p in model.parameters()), 4)
    (folder / "manifest.json").write_text(json.dumps(manifest))


WAYS = Ways(build, borrowed_export)


def state(variant: str = "sam-vit-b") -> dict[str, Tensor]:
    """An official file's weights: the model's own and a head."""
    return {**build(variant).state_dict(), "head.weight": torch.ones(2)}
