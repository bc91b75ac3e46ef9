"""EfficientSAM's prompt encoder and mask decoder (arXiv 2312.00863 and its published code).

As in SAM, tokens and image attend to each other in two layers, and masks are read from an upscaled
image with one small MLP for each mask. What differs: GELU throughout; self-attention adds to its
input in both layers, and in the second one adds the prompt to what it reads *and keeps*;
GroupNorm with one group where SAM has LayerNorm2d; MLPs named `layers.N.0` and `fc`; no mask
prompt; a negative click is its position alone, without a learned kind.

The published code always decodes six points: fewer are filled up with points at (-1, -1) labelled
-1, more are cut off. Here any number is taken. The fillers are equal to each other and stay so, so
one of them with its attention weight multiplied by their number gives the very same masks; with six
points and more its weight is zero. Points labelled -1 by the caller have no weight either.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from workers.sam.families.attention import attend

TRAINED_POINTS = 6
NO_WEIGHT = -1e4  # added to a score before softmax: nothing is left of the token
HEADS, LAYERS, MLP_DIM = 8, 2, 2048
MASKS = 4
UPSCALED = (64, 32)


class PositionEncoding(nn.Module):
    """Random Fourier features of positions in the unit square (Tancik et al. 2020)."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, dim // 2))

    def forward(self, unit: Tensor) -> Tensor:
        """[...,2] as (x, y) in 0..1 -> [...,C]."""
        angles = 2 * math.pi * ((2 * unit - 1) @ self.positional_encoding_gaussian_matrix)
        return torch.cat([angles.sin(), angles.cos()], -1)


class PromptEncoder(nn.Module):
    """Points and boxes -> tokens, and how much each counts."""

    def __init__(self, dim: int, input_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.pe_layer = PositionEncoding(dim)
        self.invalid_points = nn.Embedding(1, dim)
        self.point_embeddings = nn.Embedding(1, dim)
        self.bbox_top_left_embeddings = nn.Embedding(1, dim)
        self.bbox_bottom_right_embeddings = nn.Embedding(1, dim)

    def grid(self, height: int, width: int) -> Tensor:
        """The encoding of every cell's centre: [1,h*w,C]."""
        weight = self.invalid_points.weight
        y = (torch.arange(height, dtype=weight.dtype, device=weight.device) + 0.5) / height
        x = (torch.arange(width, dtype=weight.dtype, device=weight.device) + 0.5) / width
        y, x = torch.meshgrid(y, x, indexing="ij")
        return self.pe_layer(torch.stack([x, y], -1)).reshape(1, height * width, -1)

    def forward(
        self, coords: Tensor, labels: Tensor, prompt_tokens: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """coords [B,N,2], labels [B,N], learned tokens [B,T,C] -> tokens [B,N+1+T,C] and what is
        added to the scores of attention to them [B,N+1+T]."""
        tokens = self.pe_layer((coords + 0.5) / self.input_size)
        for label, kind in (
            (1, self.point_embeddings),
            (2, self.bbox_top_left_embeddings),
            (3, self.bbox_bottom_right_embeddings),
        ):
            tokens = tokens + (labels == label).to(tokens)[..., None] * kind.weight
        outside = coords.new_full((1, 1, 2), -1 + 0.5) / self.input_size
        filler = self.pe_layer(outside) + self.invalid_points.weight
        tokens = torch.cat([tokens, filler.expand(coords.shape[0], -1, -1)], 1)

        given = labels >= 0
        fillers = TRAINED_POINTS - given.to(tokens).sum(1, keepdim=True)
        counted = torch.where(
            fillers > 0, fillers.clamp(min=1).log(), torch.full_like(fillers, NO_WEIGHT)
        )
        weight = torch.cat([torch.where(given, 0.0, NO_WEIGHT).to(tokens), counted], 1)
        if prompt_tokens is not None:
            tokens = torch.cat([tokens, prompt_tokens], 1)
            weight = torch.cat([weight, torch.zeros_like(prompt_tokens[..., 0])], 1)
        return tokens, weight


class Attention(nn.Module):
    """Multi-head attention with its own projections, of an inner width."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(dim, inner) for _ in range(3))
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, weight: Tensor | None = None) -> Tensor:
        """[B,L,C], [B,M,C], [B,M,C], added to scores [B,M] -> [B,L,C]."""
        q, k, v = (
            self._split(self.q_proj(q)),
            self._split(self.k_proj(k)),
            self._split(self.v_proj(v)),
        )
        bias = None if weight is None else weight[:, None, None]
        return self.out_proj(attend(q, k, v, bias).transpose(1, 2).flatten(2))

    @staticmethod
    def _split(x: Tensor) -> Tensor:
        return x.unflatten(-1, (HEADS, int(x.shape[-1]) // HEADS)).transpose(1, 2)


class Mlp(nn.Module):
    """Linear layers with GELU between: `layers.N.0`, then `fc`."""

    def __init__(self, inputs: int, hidden: int, outputs: int, layers: int) -> None:
        super().__init__()
        widths = [inputs] + [hidden] * (layers - 1)
        self.layers = nn.Sequential(
            *(nn.Sequential(nn.Linear(width, hidden), nn.GELU()) for width in widths)
        )
        self.fc = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[...,inputs] -> [...,outputs]."""
        return self.fc(self.layers(x))


class TwoWayBlock(nn.Module):
    """Tokens among themselves, tokens to image, MLP, image to tokens; norms after each."""

    def __init__(self, dim: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.self_attn = Attention(dim, dim)
        self.cross_attn_token_to_image = Attention(dim, dim // 2)
        self.cross_attn_image_to_token = Attention(dim, dim // 2)
        self.mlp = Mlp(dim, MLP_DIM, dim, 1)
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.LayerNorm(dim) for _ in range(4))

    def forward(
        self, tokens: Tensor, image: Tensor, prompt: Tensor, grid: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """tokens and prompt [B,L,C], image [B,h*w,C], grid [1,h*w,C], weight [B,L]."""
        if not self.first:
            tokens = tokens + prompt
        tokens = self.norm1(tokens + self.self_attn(tokens, tokens, tokens, weight))
        seen = self.cross_attn_token_to_image(tokens + prompt, image + grid, image)
        tokens = self.norm2(tokens + seen)
        tokens = self.norm3(tokens + self.mlp(tokens))
        told = self.cross_attn_image_to_token(image + grid, tokens + prompt, tokens, weight)
        return tokens, self.norm4(image + told)


class TwoWayTransformer(nn.Module):
    """Two blocks and a last look at the image."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(dim, at == 0) for at in range(LAYERS))
        self.final_attn_token_to_image = Attention(dim, dim // 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(
        self, prompt: Tensor, image: Tensor, grid: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """prompt [B,L,C], image [B,h*w,C], grid [1,h*w,C], weight [B,L] -> tokens, image."""
        tokens = prompt
        for layer in self.layers:
            tokens, image = layer(tokens, image, prompt, grid, weight)
        seen = self.final_attn_token_to_image(tokens + prompt, image + grid, image)
        return self.norm_final_attn(tokens + seen), image


class MaskDecoder(nn.Module):
    """Embedding and prompt tokens -> four masks at four times the grid, and their IoUs."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer(dim)
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(MASKS, dim)
        first, second = UPSCALED
        self.final_output_upscaling_layers = nn.Sequential(
            nn.Sequential(
                nn.ConvTranspose2d(dim, first, 2, stride=2), nn.GroupNorm(1, first), nn.GELU()
            ),
            nn.Sequential(nn.ConvTranspose2d(first, second, 2, stride=2), nn.Identity(), nn.GELU()),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            Mlp(dim, dim, second, 2) for _ in range(MASKS)
        )
        self.iou_prediction_head = Mlp(dim, dim, MASKS, 2)

    def forward(
        self, image: Tensor, grid: Tensor, tokens: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """image [B,C,h,w], grid [1,h*w,C], tokens [B,L,C] and weight [B,L] ->
        low_res_masks [B,4,4h,4w], iou_predictions [B,4]."""
        channels, height, width = (int(side) for side in image.shape[1:])
        own = torch.cat([self.iou_token.weight, self.mask_tokens.weight])[None]
        own = own.expand(tokens.shape[0], -1, -1)
        tokens = torch.cat([own, tokens], 1)
        weight = torch.cat([torch.zeros_like(own[..., 0]), weight], 1)
        tokens, seen = self.transformer(tokens, image.flatten(2).transpose(1, 2), grid, weight)
        seen = seen.transpose(1, 2).reshape(-1, channels, height, width)
        upscaled = self.final_output_upscaling_layers(seen)
        vectors = torch.stack(
            [mlp(tokens[:, 1 + at]) for at, mlp in enumerate(self.output_hypernetworks_mlps)], 1
        )
        masks = (vectors @ upscaled.flatten(2)).reshape(-1, MASKS, 4 * height, 4 * width)
        return masks, self.iou_prediction_head(tokens[:, 0])
