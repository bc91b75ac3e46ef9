"""The two halves of a decoder: `prepare` once per image, `decode` once per prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from workers.sam.families.base import PromptableModel


@dataclass
class Prompt:
    """One prompt as the graphs get it, under SAM's names (see PromptableModel.decode, B = 1).

    `options` holds the inputs that SAM's official graph has not; a manifest gives their defaults.
    """

    point_coords: Tensor  # [1,N,2]
    point_labels: Tensor  # [1,N]
    prompt_tokens: Tensor  # [1,T,C]
    mask_input: Tensor | None = None  # [1,1,h,w]
    has_mask_input: Tensor | None = None  # [1]
    options: Mapping[str, Tensor] = field(default_factory=dict)


class SplitDecoder(nn.Module):
    """One image, one prompt: exactly what `PromptableModel.decode` says for B = 1.

    `defaults` are the values of `options` that change nothing: all masks, no padding.
    """

    prepared: tuple[str, ...] = ()  # names of what `prepare` gives; none: there is no such graph
    defaults: Mapping[str, list[float]] = {}

    def prepare(self, *embedding: Tensor) -> tuple[Tensor, ...]:
        """The tensors of an embedding, [1,C,h,w] each -> those that `prepared` names."""
        raise NotImplementedError

    def decode(self, prepared: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """What `prepare` gave, and a prompt -> low_res_masks [1,K,h,w], iou_predictions [1,K]."""
        raise NotImplementedError


class WholeDecoder(SplitDecoder):
    """A decoder that is not cut."""

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model

    def decode(self, prepared: tuple[Tensor, ...], prompt: Prompt) -> tuple[Tensor, Tensor]:
        """The embedding itself stands for what is prepared."""
        return self.model.decode(
            prepared,
            prompt.point_coords,
            prompt.point_labels,
            prompt.prompt_tokens,
            prompt.mask_input,
            prompt.has_mask_input,
        )
