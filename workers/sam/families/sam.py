"""SAM ViT-B, ViT-L and ViT-H: the image encoder, and the model built from it.

After "Segment Anything" (Kirillov et al., 2023), whose encoder is that of "Exploring Plain Vision
Transformer Backbones for Object Detection" (Li et al., 2022): attention within windows of 14 x 14
tokens, in a few blocks among all tokens, with the decomposed relative positions of MViTv2.
B images, S the side of the grid of tokens or of a window, D the channels of a head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workers.sam.families.attention import attend_on_grid
from workers.sam.families.sam_decoder import (
    DIM,
    META_EPS,
    LayerNorm2d,
    LayerNormEps,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoLayerMLP,
    sam_spec,
)
from workers.sam.families.windows import from_windows, to_windows

PATCH = 16
WINDOW = 14


def build(
    dim: int,
    depth: int,
    heads: int,
    global_blocks: tuple[int, ...],
    input_size: int = 1024,
    eps: LayerNormEps = META_EPS,
    folded_positions: bool = False,
) -> Sam:
    """A SAM with random weights. `input_size` is a multiple of 16; checkpoints have 1024."""
    return Sam(
        ImageEncoder(dim, depth, heads, global_blocks, input_size, eps, folded_positions),
        PromptEncoder(input_size, eps),
        MaskDecoder(eps),
        sam_spec(input_size),
    )


class PatchEmbed(nn.Module):
    """Cuts the image into tokens."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH, stride=PATCH)

    def forward(self, image: Tensor) -> Tensor:
        """[B,3,16S,16S] -> [B,S,S,dim]."""
        return self.proj(image).permute(0, 2, 3, 1)


class RelativeAttention(nn.Module):
    """Self-attention on a square of tokens with decomposed relative positions.

    The score of query (y, x) for key (v, u) is q.k / sqrt(D) + q.rel_pos_h[y-v] + q.rel_pos_w[x-u].
    By default the last two become a bias on the scores, B x heads x S^4 numbers: 0.8 GB for one
    image in a global block of ViT-B in float32. With `folded_positions` they become 2 S more
    channels of queries and keys instead, which is exact and leaves no bias to store.
    """

    def __init__(self, dim: int, heads: int, side: int, folded_positions: bool) -> None:
        super().__init__()
        self.heads, self.side, self.folded_positions = heads, side, folded_positions
        self.head_dim = dim // heads
        self.scale = self.head_dim**-0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, self.head_dim))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, self.head_dim))

    def forward(self, x: Tensor) -> Tensor:
        """[B,S,S,dim] -> the same."""
        side, heads = self.side, self.heads
        qkv = self.qkv(x).reshape(-1, side * side, 3, heads, self.head_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # [B,heads,S*S,D] each
        down, across = self.position_scores(q)
        if self.folded_positions:
            q = torch.cat([q * self.scale, down, across], dim=-1)
            k = torch.cat([k, self.one_hot_positions(k)], dim=-1)
            mixed = F.scaled_dot_product_attention(q, k, v, scale=1.0)
        else:
            mixed = attend_on_grid(q, k, v, down, across)
        mixed = mixed.transpose(1, 2).reshape(-1, side, side, heads * self.head_dim)
        return self.proj(mixed)

    def position_scores(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """What each query [B,heads,S*S,D] gives to each row and to each column of keys, two
        [B,heads,S*S,S]. The queries are not scaled."""
        side, heads = self.side, self.heads
        at = torch.arange(side, device=q.device)
        distance = at[:, None] - at[None, :] + side - 1
        rows = self.rel_pos_h[distance].transpose(1, 2)  # [S of the query,D,S of the key]
        columns = self.rel_pos_w[distance].transpose(1, 2)
        grid = q.reshape(-1, heads, side, side, self.head_dim)
        down = grid @ rows
        across = (grid.transpose(2, 3) @ columns).transpose(2, 3)
        flat = (-1, heads, side * side, side)
        return down.reshape(flat), across.reshape(flat)

    def one_hot_positions(self, k: Tensor) -> Tensor:
        """Which row and which column each key is in, [B,heads,S*S,2S] of zeros and ones."""
        one = torch.eye(self.side, device=k.device, dtype=k.dtype)
        row, column = one.repeat_interleave(self.side, dim=0), one.repeat(self.side, 1)
        return torch.cat([row, column], dim=-1).expand(*k.shape[:2], -1, -1)


class Block(nn.Module):
    """Attention and MLP, each before a residual; within windows unless it is global."""

    def __init__(
        self, dim: int, heads: int, side: int, is_global: bool, eps: float, folded_positions: bool
    ) -> None:
        super().__init__()
        self.side, self.is_global = side, is_global
        self.norm1 = nn.LayerNorm(dim, eps=eps)
        self.attn = RelativeAttention(dim, heads, side if is_global else WINDOW, folded_positions)
        self.norm2 = nn.LayerNorm(dim, eps=eps)
        self.mlp = TwoLayerMLP(dim, 4 * dim, F.gelu)

    def forward(self, x: Tensor) -> Tensor:
        """[B,S,S,dim] -> the same."""
        attended = self.norm1(x)
        if self.is_global:
            attended = self.attn(attended)
        else:
            windows = self.attn(to_windows(attended, self.side, WINDOW))
            attended = from_windows(windows, self.side, WINDOW)
        x = x + attended
        return x + self.mlp(self.norm2(x))


def neck(dim: int, eps: float) -> nn.Sequential:
    """Any encoder's channels to SAM's, [B,dim,S,S] -> [B,256,S,S]."""
    return nn.Sequential(
        nn.Conv2d(dim, DIM, 1, bias=False),
        LayerNorm2d(DIM, eps=eps),
        nn.Conv2d(DIM, DIM, 3, padding=1, bias=False),
        LayerNorm2d(DIM, eps=eps),
    )


class ImageEncoder(nn.Module):
    """The vision transformer and its neck."""

    def __init__(
        self,
        dim: int,
        depth: int,
        heads: int,
        global_blocks: tuple[int, ...],
        input_size: int,
        eps: LayerNormEps,
        folded_positions: bool,
    ) -> None:
        super().__init__()
        side = input_size // PATCH
        self.patch_embed = PatchEmbed(dim)
        self.pos_embed = nn.Parameter(torch.zeros(1, side, side, dim))
        self.blocks = nn.ModuleList(
            Block(dim, heads, side, index in global_blocks, eps.encoder, folded_positions)
            for index in range(depth)
        )
        self.neck = neck(dim, eps.maps)

    def forward(self, image: Tensor) -> Tensor:
        """[B,3,16S,16S] -> [B,256,S,S]."""
        return self.with_early_map(image)[0]

    def with_early_map(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The embedding, and the tokens after the first global block as a map [B,dim,S,S] (after
        the last block, if none is global)."""
        x = self.patch_embed(image) + self.pos_embed
        early = None
        for block in self.blocks:
            x = block(x)
            if early is None and block.is_global:
                early = x
        early = x if early is None else early
        return self.neck(x.permute(0, 3, 1, 2)), early.permute(0, 3, 1, 2)
