"""Our own small model is built in two halves: see `PreparedImage`."""

from __future__ import annotations

from torch import Tensor

from workers.sam.export.splits.base import Prompt, SplitDecoder
from workers.sam.families.small.mask_decoder import PREPARED, PreparedImage
from workers.sam.families.small.model import Sam


class SmallSplit(SplitDecoder):
    """The model's own halves under a graph's names."""

    prepared = tuple(f"image_{name}" for name in PREPARED)

    def __init__(self, model: Sam) -> None:
        super().__init__()
        self.model = model

    def prepare(self, *embedding: Tensor) -> tuple[Tensor, ...]:
        """image_embeddings and edge_embeddings -> a PreparedImage's tensors."""
        image = self.model.prepare(*embedding)
        return tuple(getattr(image, name) for name in PREPARED)

    def decode(self, prepared: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """See SplitDecoder."""
        return self.model.decode(
            PreparedImage(*prepared),
            prompt.point_coords,
            prompt.point_labels,
            prompt.prompt_tokens,
            prompt.mask_input,
            prompt.has_mask_input,
        )


def split(model: Sam) -> SmallSplit:
    """The halves of a small model."""
    return SmallSplit(model)
