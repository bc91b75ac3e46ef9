"""SAM 2.1 for images, Hiera T, S, B+ and L: finer features in the embedding, SAM's decoder.

After "SAM 2: Segment Anything in Images and Videos" (Ravi et al., 2024), under the names of its
published checkpoints. B images or prompts, S the side of the model's square, C = 256 channels.

An image is a video's frame that nothing is remembered of. Memory changes one tensor only: on later
frames `memory_attention` takes the place of `Sam2.without_memory`, between the image encoder and
the mask decoder. So video needs no other encoder and no other decoder: the stride-16 map before
`without_memory`, kept beside the embedding, `object_score`, and the tokens of `look` (object
pointers) are what a tracker works with, and its parts get the names that VIDEO_ONLY drops.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.sam.families.base import ModelSpec, Preprocessing, PromptableModel
from workers.sam.families.hiera import Hiera
from workers.sam.families.sam_decoder import (
    DIM,
    MASK_TOKENS,
    META_EPS,
    MLP,
    EncodedPrompts,
    LayerNormEps,
    MaskDecoder,
    PromptEncoder,
)

# What of a checkpoint only video needs.
VIDEO_ONLY = (
    "memory_attention.",
    "memory_encoder.",
    "maskmem_tpos_enc",
    "mask_downsample.",
    "no_mem_pos_enc",
    "no_obj_ptr",
    "no_obj_embed_spatial",
    "obj_ptr_proj.",
    "obj_ptr_tpos_proj.",
)


def build(
    dim: int,
    heads: int,
    stages: Sequence[int],
    global_blocks: Sequence[int],
    windows: Sequence[int] = (8, 4, 14, 7),
    window_background: int = 7,
    input_size: int = 1024,
    eps: LayerNormEps = META_EPS,
) -> Sam2:
    """A SAM 2.1 with random weights. `input_size` is a multiple of 32; checkpoints have 1024."""
    trunk = Hiera(dim, heads, stages, global_blocks, windows, window_background, input_size)
    return Sam2(trunk, input_size, eps)


class Neck(nn.Module):
    """A feature pyramid (Lin et al., 2017) whose coarse level reaches down to stride 16 only."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(  # coarsest first
            nn.Sequential(OrderedDict(conv=nn.Conv2d(each, DIM, 1))) for each in channels[::-1]
        )

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Maps at strides 4, 8, 16, 32 -> [B,C,S/4,S/4], [B,C,S/8,S/8], [B,C,S/16,S/16]."""
        coarse, middle, fine, finest = (
            conv(level) for conv, level in zip(self.convs, levels[::-1], strict=True)
        )
        return finest, fine, middle + F.interpolate(coarse, scale_factor=2.0, mode="nearest")


class ImageEncoder(nn.Module):
    """Hiera and its neck."""

    def __init__(self, trunk: Hiera) -> None:
        super().__init__()
        self.trunk = trunk
        self.neck = Neck(trunk.channels)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B,3,S,S] -> [B,C,S/4,S/4], [B,C,S/8,S/8], [B,C,S/16,S/16]."""
        return self.neck(self.trunk(image))


class Sam2MaskDecoder(MaskDecoder):
    """SAM's mask decoder with finer features, and one more token: is the object there at all?"""

    def __init__(self, eps: LayerNormEps) -> None:
        super().__init__(eps)
        for layer in self.transformer.layers:
            layer.mlp = MLP(DIM, 2048, DIM)  # SAM's own, but for the names of its parts
        self.conv_s0 = nn.Conv2d(DIM, DIM // 8, 1)
        self.conv_s1 = nn.Conv2d(DIM, DIM // 4, 1)
        self.obj_score_token = nn.Embedding(1, DIM)
        self.pred_obj_score_head = MLP(DIM, DIM, DIM, 1)

    def forward(
        self, embedding: tuple[Tensor, ...], image_pe: Tensor, prompts: EncodedPrompts
    ) -> tuple[Tensor, Tensor]:
        """As SAM's, the embedding being (image_embeddings, high_res_s1, high_res_s0); predicted
        IoUs lie within 0..1."""
        image_embeddings, high_res_s1, high_res_s0 = embedding
        tokens, image = self.converse(image_embeddings, image_pe, prompts)
        upscaled = self.upscale(image, high_res_s1, high_res_s0)
        return self.masks(tokens, upscaled), self.iou_prediction_head(tokens[:, 0]).sigmoid()

    def output_tokens(self) -> Tensor:
        """SAM's and the object score's, [6,C]. (Meta's code has it first: their order is free.)"""
        return torch.cat([super().output_tokens(), self.obj_score_token.weight])

    def upscale(self, image: Tensor, high_res_s1: Tensor, high_res_s0: Tensor) -> Tensor:
        """[B,C,h,w] and the embedding's [B,C/4,2h,2w], [B,C/8,4h,4w] -> [B,C/8,4h,4w]."""
        raise_to_8, norm, bend, raise_to_4, bend_again = self.output_upscaling
        eighth = bend(norm(raise_to_8(image) + high_res_s1))
        return bend_again(raise_to_4(eighth) + high_res_s0)

    def object_score(self, tokens: Tensor) -> Tensor:
        """The tokens that `converse` gave -> logit of the object being in sight, [B,1]. Video asks
        for it; for an image the official code does not."""
        return self.pred_obj_score_head(tokens[:, 1 + MASK_TOKENS])


class Sam2(PromptableModel):
    """SAM 2.1's image model. Pictures are stretched to the square, not padded."""

    def __init__(self, trunk: Hiera, input_size: int, eps: LayerNormEps) -> None:
        super().__init__()
        side = input_size // 16
        self.image_encoder = ImageEncoder(trunk)
        self.sam_prompt_encoder = PromptEncoder(input_size, eps, always_padded=True)
        self.sam_mask_decoder = Sam2MaskDecoder(eps)
        self.no_mem_embed = nn.Parameter(torch.zeros(1, 1, DIM))
        self.spec = ModelSpec(
            preprocessing=Preprocessing(input_size, resize="stretch"),
            embedding=(
                ("image_embeddings", (1, DIM, side, side)),
                ("high_res_s1", (1, DIM // 4, 2 * side, 2 * side)),
                ("high_res_s0", (1, DIM // 8, 4 * side, 4 * side)),
            ),
            low_res_size=4 * side,
            prompt_token_channels=DIM,
        )

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """See `PromptableModel`: image_embeddings [B,256,S/16,S/16], high_res_s1 [B,64,S/8,S/8],
        high_res_s0 [B,32,S/4,S/4]."""
        finest, fine, middle = self.image_encoder(image)
        decoder = self.sam_mask_decoder
        return self.without_memory(middle), decoder.conv_s1(fine), decoder.conv_s0(finest)

    def without_memory(self, features: Tensor) -> Tensor:
        """[B,C,h,w] of a frame that has no memories to look at -> the same."""
        return features + self.no_mem_embed.reshape(1, DIM, 1, 1)

    def decode(
        self,
        embedding: tuple[Tensor, ...],
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See `PromptableModel`. The embedding is one image's, or one for each prompt."""
        prompts = self.sam_prompt_encoder(
            point_coords, point_labels, prompt_tokens, mask_input, has_mask_input
        )
        return self.sam_mask_decoder(embedding, self.image_pe(), prompts)

    def image_pe(self) -> Tensor:
        """Positions of the image embedding's cells, [1,C,S/16,S/16]: a constant of the model."""
        return self.sam_prompt_encoder.pe_layer.grid(self.sam_prompt_encoder.input_size // 16)

    def official_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The entries under "model", where they are nested, without those of VIDEO_ONLY."""
        entries = cast("Mapping[str, Tensor]", state.get("model", state))
        return {name: tensor for name, tensor in entries.items() if not name.startswith(VIDEO_ONLY)}


def single_mask(
    masks: Tensor, ious: Tensor, delta: float = 0.05, threshold: float = 0.98
) -> tuple[Tensor, Tensor]:
    """What the official code answers when one mask is asked for: low_res_masks [B,4,h,w] and
    iou_predictions [B,4] -> [B,1,h,w], [B,1].

    Candidate 0 if it is stable: the area above logit `delta` is at least `threshold` of the area
    above `-delta`. Otherwise the one of candidates 1 to 3 with the highest predicted IoU. No graph
    holds this rule: our own choice (workers/sam/selection.py) weighs all four.
    """
    firm = (masks[:, :1] > delta).flatten(2).sum(dim=2)
    loose = (masks[:, :1] > -delta).flatten(2).sum(dim=2)
    stable = firm >= threshold * loose  # an empty mask is stable
    chosen = torch.where(stable, 0, 1 + ious[:, 1:].argmax(dim=1, keepdim=True))
    return masks.take_along_dim(chosen[:, :, None, None], dim=1), ious.take_along_dim(chosen, dim=1)
