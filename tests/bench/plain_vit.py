"""The yardstick: SAM's ViT-B image encoder in plain eager PyTorch, as it was published.

Structure and names after Kirillov et al. 2023 and Li et al. 2022 (ViTDet): windows of 14, global
attention in four blocks, decomposed relative positions, no fused attention. Random weights: only
its speed is of interest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.sam.families.sam import neck
from workers.sam.families.tiny_vit import from_windows, to_windows

DIM, HEADS, GRID, WINDOW, GLOBAL = 768, 12, 64, 14, (2, 5, 8, 11)


def attend(q: Tensor, k: Tensor, v: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Scores, then both position terms, then softmax; all of it held at once."""
    height, width = rows.shape[0], columns.shape[0]
    grid = q.reshape(-1, height, width, q.shape[-1])
    by_row = torch.einsum("nyxd,ykd->nyxk", grid, rows)
    by_column = torch.einsum("nyxd,xkd->nyxk", grid, columns)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    scores = scores.view(-1, height, width, height, width)
    scores = scores + by_row[..., :, None] + by_column[..., None, :]
    return scores.view(-1, height * width, height * width).softmax(-1) @ v


class Attention(nn.Module):
    """Over a whole grid or a window of B x side x side x DIM."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.rel_pos_h, self.rel_pos_w = (
            nn.Parameter(torch.randn(2 * side - 1, DIM // HEADS) * 0.02) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        length = self.side * self.side
        qkv = self.qkv(x).reshape(-1, length, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, -1, length, DIM // HEADS).unbind(0)
        line = torch.arange(self.side, device=x.device)
        pairs = line[:, None] - line + self.side - 1
        x = attend(q, k, v, self.rel_pos_h[pairs], self.rel_pos_w[pairs])
        x = x.reshape(-1, HEADS, length, DIM // HEADS).transpose(1, 2).reshape(-1, length, DIM)
        return self.proj(x)


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)

    def forward(self, x: Tensor) -> Tensor:
        return self.lin2(F.gelu(self.lin1(x)))


class Block(nn.Module):
    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window
        self.norm1, self.norm2 = nn.LayerNorm(DIM, eps=1e-6), nn.LayerNorm(DIM, eps=1e-6)
        self.attn = Attention(window or GRID)
        self.mlp = Mlp()

    def forward(self, x: Tensor) -> Tensor:
        side = self.window or GRID
        x = x + from_windows(self.attn(to_windows(self.norm1(x), side)), side, GRID, GRID)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, DIM, 16, 16)

    def forward(self, image: Tensor) -> Tensor:
        return self.proj(image).permute(0, 2, 3, 1)


class PlainViTB(nn.Module):
    """image [B,3,1024,1024] -> [B,256,64,64]."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed()
        self.pos_embed = nn.Parameter(torch.randn(1, GRID, GRID, DIM) * 0.02)
        self.blocks = nn.Sequential(
            *(Block(0 if block in GLOBAL else WINDOW) for block in range(12))
        )
        self.neck = neck(DIM, 1e-6)

    def forward(self, image: Tensor) -> Tensor:
        x = self.blocks(self.patch_embed(image) + self.pos_embed)
        return self.neck(x.permute(0, 3, 1, 2))
