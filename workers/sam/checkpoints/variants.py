"""Which model a checkpoint is of, told by its names and shapes alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.tensors import Stored
from workers.sam.families import VARIANTS, build

if TYPE_CHECKING:
    import torch

    from workers.sam.families.base import PromptableModel

Build = Callable[[str], "PromptableModel"]
"""Makes a model of a variant with random weights."""


def guess(stored: Mapping[str, Stored], make: Build = build) -> str:
    """The variant whose official checkpoint has exactly these names and shapes.

    Every variant is built on torch's `meta` device, which takes no memory, and asked. Raises
    CheckpointError with what the nearest one lacks.
    """
    import torch

    from workers.sam.families.base import WrongCheckpoint

    state = {
        name: torch.empty(entry.shape, device="meta", dtype=_dtype(entry.dtype))
        for name, entry in stored.items()
    }
    nearest, most = "", 0.0
    for variant in VARIANTS:
        if not available(variant.family):
            continue
        with torch.device("meta"):
            model = make(variant.name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # copying into nothing is what we want
                model.load_official(state)
            return variant.name
        except WrongCheckpoint as problem:
            own = set(model.state_dict())
            likeness = len(own & stored.keys()) / max(1, len(own | stored.keys()))
            if likeness > most:
                nearest, most = f"{variant.name} is nearest, but: {problem}", likeness
    raise CheckpointError(
        f"This checkpoint fits no model that is known here; {nearest}"
        if most > 0.5
        else "This checkpoint is of no model that is known here."
    )


def available(family: str) -> bool:
    """Whether this installation can build the family."""
    name = f"workers.sam.families.{family}"
    return find_spec(name) is not None and hasattr(import_module(name), "build")


def _dtype(word: str) -> torch.dtype:
    import torch

    names = {
        "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
        "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
        "U8": torch.uint8, "BOOL": torch.bool,
    }  # fmt: skip
    return names[word]
