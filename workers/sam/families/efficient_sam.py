"""EfficientSAM Ti and S (Xiong et al. 2023, arXiv 2312.00863): a plain ViT and a variant of SAM's
decoder.

What differs from SAM: the image is stretched to the square instead of padded; the encoder attends
globally in every block, without relative positions, and its position table is that of 224 px
pre-training, resized; the decoder (efficient_sam_decoder.py) has no mask prompt.

Names are those of the official state dict, as the published source code gives them; no official
file was at hand to compare with. The checkpoint holds it under "model", `efficient_sam_vits.pt`
inside a zip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.attention import attend
from workers.sam.families.base import ModelSpec, Preprocessing, PromptableModel
from workers.sam.families.efficient_sam_decoder import MaskDecoder, PromptEncoder
from workers.sam.families.sam import neck
from workers.sam.families.sam_decoder import DIM

PATCH = 16
PRETRAINED_GRID = 224 // PATCH
MLP_RATIO = 4
NORM_EPS = 1e-6  # of the encoder


class PatchEmbed(nn.Module):
    """image [B,3,S,S] -> [B,C,S/16,S/16]."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH, PATCH)

    def forward(self, image: Tensor) -> Tensor:
        """Cut into patches and project each."""
        return self.proj(image)


class Attention(nn.Module):
    """Global self-attention: [B,L,C] -> the same."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Attend."""
        length, dim = int(x.shape[1]), int(x.shape[2])
        qkv = self.qkv(x).reshape(-1, length, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(attend(q, k, v).transpose(1, 2).reshape(-1, length, dim))


class Mlp(nn.Module):
    """[...,C] -> the same, GELU between."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, MLP_RATIO * dim)
        self.fc2 = nn.Linear(MLP_RATIO * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Widen and narrow."""
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """A pre-norm transformer block: [B,L,C] -> the same."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS), nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = Attention(dim, heads)
        self.mlp = Mlp(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Attend, then the MLP."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ImageEncoder(nn.Module):
    """image [B,3,S,S] -> [B,256,S/16,S/16]."""

    def __init__(self, dim: int, heads: int, depth: int) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(dim)
        # The first entry belonged to pre-training's class token and is not used.
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + PRETRAINED_GRID**2, dim))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        self.blocks = nn.Sequential(*(Block(dim, heads) for _ in range(depth)))
        self.neck = neck(dim, NORM_EPS)

    def positions(self, height: int, width: int) -> Tensor:
        """The position table at another grid: [1,C,h,w]."""
        square = self.pos_embed[:, 1:].reshape(1, PRETRAINED_GRID, PRETRAINED_GRID, -1)
        return functional.interpolate(
            square.permute(0, 3, 1, 2), (height, width), mode="bicubic", align_corners=False
        )

    def forward(self, image: Tensor) -> Tensor:
        """Encode a normalised, stretched image."""
        x = self.patch_embed(image)
        dim, height, width = (int(side) for side in x.shape[1:])
        x = x + self.positions(height, width)
        x = self.blocks(x.reshape(-1, dim, height * width).transpose(1, 2))
        return self.neck(x.transpose(1, 2).reshape(-1, dim, height, width))


class EfficientSam(PromptableModel):
    """EfficientSAM. `mask_input` is taken and ignored: the published model has no mask prompt."""

    def __init__(self, dim: int, heads: int, depth: int, input_size: int) -> None:
        super().__init__()
        grid = input_size // PATCH
        self.spec = ModelSpec(
            preprocessing=Preprocessing(input_size, resize="stretch"),
            takes_masks=False,
            embedding=(("image_embeddings", (1, DIM, grid, grid)),),
            low_res_size=4 * grid,
            prompt_token_channels=DIM,
        )
        self.image_encoder = ImageEncoder(dim, heads, depth)
        self.prompt_encoder = PromptEncoder(DIM, input_size)
        self.mask_decoder = MaskDecoder(DIM)

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """Normalised, stretched image [B,3,S,S] -> (image_embeddings,)."""
        return (self.image_encoder(image),)

    def decode(
        self,
        embedding: tuple[Tensor, ...],
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See PromptableModel; any number of points, of which the model saw six at most when it
        was trained."""
        (image,) = embedding
        tokens, weight = self.prompt_encoder(point_coords, point_labels, prompt_tokens)
        grid = self.prompt_encoder.grid(int(image.shape[2]), int(image.shape[3]))
        return self.mask_decoder(image, grid, tokens, weight)

    def official_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The entries under "model", where they are nested."""
        return cast("Mapping[str, Tensor]", state.get("model", state))


def build(dim: int, heads: int, depth: int = 12, input_size: int = 1024) -> EfficientSam:
    """EfficientSAM with random weights."""
    return EfficientSam(dim, heads, depth, input_size)
