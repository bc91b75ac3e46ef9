"""Hiera, the vision transformer of SAM 2: four stages, each with half the grid of the one before.

After "Hiera: A Hierarchical Vision Transformer without the Bells-and-Whistles" (Ryali et al., 2023)
and "Window Attention is Bug" (Bolya et al., 2023), under the names of SAM 2's checkpoints.
B images, S the side of a stage's grid of tokens, W that of a window.

Attention stays within windows, but for a few blocks of the third stage. The first block of a stage
halves the grid by taking the largest of four queries, and looks within the windows of the stage
before: so after it a window is half as wide. Where W does not divide S the last windows are filled
with zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.sam.families.sam_decoder import MLP
from workers.sam.families.windows import from_windows, to_windows

PATCH = 4
EPS = 1e-6


class PatchEmbed(nn.Module):
    """Overlapping patches of 7 x 7 pixels, four apart."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 7, stride=PATCH, padding=3)

    def forward(self, image: Tensor) -> Tensor:
        """[B,3,4S,4S] -> [B,S,S,dim]."""
        return self.proj(image).permute(0, 2, 3, 1)


def halved(x: Tensor) -> Tensor:
    """The largest of each 2 x 2 tokens, channel by channel: [B,S,S,C] -> [B,S/2,S/2,C]."""
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)


class Attention(nn.Module):
    """Self-attention among the tokens of a window."""

    def __init__(self, dim: int, dim_out: int, heads: int, window: int, halves: bool) -> None:
        super().__init__()
        self.heads, self.halves = heads, halves
        self.window, self.window_out = window, window // 2 if halves else window
        self.qkv = nn.Linear(dim, 3 * dim_out)
        self.proj = nn.Linear(dim_out, dim_out)

    def forward(self, x: Tensor) -> Tensor:
        """[B,W,W,dim] -> [B,W,W,dim_out], or [B,W/2,W/2,dim_out] if the queries are halved."""
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = self.by_head(halved(q) if self.halves else q, self.window_out)
        k, v = self.by_head(k, self.window), self.by_head(v, self.window)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        side = self.window_out
        return self.proj(mixed.reshape(-1, side, side, self.proj.in_features))

    def by_head(self, x: Tensor, side: int) -> Tensor:
        """[B,side,side,C] -> [B,heads,side*side,C/heads]."""
        channels = self.proj.in_features // self.heads
        return x.reshape(-1, side * side, self.heads, channels).transpose(1, 2)


class Block(nn.Module):
    """Attention and MLP, each before a residual. A global block is one with a single window."""

    def __init__(self, dim: int, dim_out: int, heads: int, side: int, window: int) -> None:
        super().__init__()
        self.halves = dim != dim_out
        self.side, self.window = side, window
        self.norm1 = nn.LayerNorm(dim, eps=EPS)
        self.attn = Attention(dim, dim_out, heads, window, self.halves)
        self.norm2 = nn.LayerNorm(dim_out, eps=EPS)
        self.mlp = MLP(dim_out, 4 * dim_out, dim_out, activation=F.gelu)
        if self.halves:
            self.proj = nn.Linear(dim, dim_out)

    def forward(self, x: Tensor) -> Tensor:
        """[B,S,S,dim] -> the same, or [B,S/2,S/2,dim_out]."""
        normed, side = self.norm1(x), self.side
        if self.halves:
            x, side = halved(self.proj(normed)), side // 2
        attended = self.attn(to_windows(normed, self.side, self.window))
        x = x + from_windows(attended, side, self.attn.window_out)
        return x + self.mlp(self.norm2(x))


class Hiera(nn.Module):
    """`stages` blocks in each stage; `windows` its W; channels and heads double from one stage to
    the next. `global_blocks` count through all stages. `input_size` is a multiple of 32."""

    def __init__(
        self,
        dim: int,
        heads: int,
        stages: Sequence[int],
        global_blocks: Sequence[int],
        windows: Sequence[int],
        window_background: int,
        input_size: int,
    ) -> None:
        super().__init__()
        self.side = side = input_size // PATCH
        self.patch_embed = PatchEmbed(dim)
        background = (1, dim, window_background, window_background)
        self.pos_embed = nn.Parameter(torch.zeros(background))
        self.pos_embed_window = nn.Parameter(torch.zeros(1, dim, windows[0], windows[0]))
        self.blocks = nn.ModuleList()
        self.channels: list[int] = []  # of what each stage ends with
        for stage, depth in enumerate(stages):
            for position in range(depth):
                halves = stage > 0 and position == 0
                is_global = len(self.blocks) in global_blocks
                window = side if is_global else windows[stage - 1 if halves else stage]
                dim_out, heads = (2 * dim, 2 * heads) if halves else (dim, heads)
                self.blocks.append(Block(dim, dim_out, heads, side, window))
                dim, side = dim_out, side // 2 if halves else side
            self.channels.append(dim)
        self.stages = tuple(stages)

    def positions(self) -> Tensor:
        """The same table in every window, on a background that spans the image: [1,S,S,dim]."""
        size = (self.side, self.side)
        background = F.interpolate(self.pos_embed, size=size, mode="bicubic", align_corners=False)
        times = self.side // self.pos_embed_window.shape[-1]
        return (background + self.pos_embed_window.repeat(1, 1, times, times)).permute(0, 2, 3, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """[B,3,4S,4S] -> what each stage ends with, finest first: [B,C,S,S], [B,2C,S/2,S/2],
        [B,4C,S/4,S/4], [B,8C,S/8,S/8]."""
        x = self.patch_embed(image) + self.positions()
        levels, blocks = [], iter(self.blocks)
        for depth in self.stages:
            for _ in range(depth):
                x = next(blocks)(x)
            levels.append(x.permute(0, 3, 1, 2))
        return levels
