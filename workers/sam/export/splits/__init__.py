"""How each family's decoder is cut in two: one file a family, each with `split(model)`.

A family without a file of its own is not cut: its `decode` graph starts from the embedding.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from workers.sam.export.splits.base import Prompt, SplitDecoder, WholeDecoder
from workers.sam.families.base import PromptableModel

__all__ = ["Prompt", "SplitDecoder", "split_decoder"]


def split_decoder(model: PromptableModel, family: str) -> SplitDecoder:
    """The halves of this model's decoder."""
    name = f"{__name__}.{family}"
    if find_spec(name) is None:
        return WholeDecoder(model).eval()
    split: SplitDecoder = import_module(name).split(model)
    return split.eval()
