"""What every family offers, so that export, evaluation and tests need to know none of them.

B images or prompts, N points, T learned prompt tokens, K masks. `point_coords` are in model space
under SAM's pixel-index convention: the model adds the half. `point_labels`: 1 positive, 0 negative,
2 and 3 a box's corners, -1 padding, which changes nothing. A caller adds no padding point: a family
whose official code appends one when there is no box does so itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class WrongCheckpoint(ValueError):
    """A state dict that belongs to another model; the message names what is missing or too much."""


@dataclass(frozen=True)
class Preprocessing:
    """From pixels to the encoder: see workers/sam/preprocess.py."""

    input_size: int  # side of the square model space
    resize: str = "longest_side"  # or "stretch": both axes to input_size
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)  # of RGB 0..255
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class ModelSpec:
    """What a manifest must say of a model besides its files."""

    preprocessing: Preprocessing
    embedding: tuple[tuple[str, tuple[int, ...]], ...]  # names and shapes [1,C,h,w], stored order
    low_res_size: int
    prompt_token_channels: int
    candidates: tuple[str, ...] = ("single", "whole", "part", "subpart")
    single_candidate: int = 0
    takes_masks: bool = True  # an earlier mask says something to it
    scored_clicks: int = 1  # up to so many clicks the best rated mask is taken (selection.py)


class PromptableModel(nn.Module):
    """Encode an image once, decode as many prompts as you like."""

    spec: ModelSpec

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """Normalised, padded image [B,3,S,S] -> the tensors that `spec.embedding` names."""
        raise NotImplementedError

    def decode(
        self,
        embedding: tuple[Tensor, ...],
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """coords [B,N,2], labels [B,N], tokens [B,T,C], previous logits [B,1,h,w] and whether they
        count [B] -> low_res_masks [B,K,h,w] (logits), iou_predictions [B,K]."""
        raise NotImplementedError

    def official_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The official checkpoint's entries under this module's names; drops what is not needed
        (video memory, unused heads). By default the names are the same."""
        return state

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Strictly: every parameter once, each of the right shape. Raises WrongCheckpoint."""
        given, own = dict(self.official_state(state)), self.state_dict()
        missing = sorted(own.keys() - given.keys())
        unknown = sorted(given.keys() - own.keys())
        misshapen = [
            f"{name} {tuple(given[name].shape)} instead of {tuple(own[name].shape)}"
            for name in sorted(own.keys() & given.keys())
            if given[name].shape != own[name].shape
        ]
        for what, names in (
            ("lacks", missing),
            ("has what this model does not know:", unknown),
            ("has other sizes:", misshapen),
        ):
            if names:
                more = f" and {len(names) - 3} more" if len(names) > 3 else ""
                raise WrongCheckpoint(f"The checkpoint {what} {', '.join(names[:3])}{more}.")
        with torch.no_grad():
            self.load_state_dict(given)
