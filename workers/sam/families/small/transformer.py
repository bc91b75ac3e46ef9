"""Attention between prompt tokens and the image, both ways, as SAM does it.

B is the batch, T the number of tokens, L the number of image positions, C the channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention whose inner width may be smaller than its outer one."""

    def __init__(self, dim: int, heads: int, inner_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (inner_dim // heads) ** -0.5
        self.q_proj = nn.Linear(dim, inner_dim)
        self.k_proj = nn.Linear(dim, inner_dim)
        self.v_proj = nn.Linear(dim, inner_dim)
        self.out_proj = nn.Linear(inner_dim, dim)

    def _heads_first(self, x: Tensor) -> Tensor:
        batch, length, inner = x.shape
        return x.reshape(batch, length, self.heads, inner // self.heads).transpose(1, 2)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, key_bias: Tensor | None = None) -> Tensor:
        """q [B,Tq,C], k and v [B,Tk,C] -> [B,Tq,C]. `key_bias` [B,1,1,Tk] silences keys."""
        q, k, v = (
            self._heads_first(self.q_proj(q)),
            self._heads_first(self.k_proj(k)),
            self._heads_first(self.v_proj(v)),
        )
        weights = (q * self.scale) @ k.transpose(2, 3)
        if key_bias is not None:
            weights = weights + key_bias
        mixed = (torch.softmax(weights, dim=-1) @ v).transpose(1, 2)
        return self.out_proj(mixed.flatten(2))


class MLP(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, dims: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:], strict=False))

    def forward(self, x: Tensor) -> Tensor:
        """[..., dims[0]] -> [..., dims[-1]]."""
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


class TwoWayBlock(nn.Module):
    """Tokens look at tokens, tokens at the image, think, and the image looks at tokens."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, first: bool) -> None:
        super().__init__()
        self.first = first
        self.self_attn = Attention(dim, heads, dim)
        self.cross_attn_token_to_image = Attention(dim, heads, dim // 2)
        self.mlp = MLP([dim, mlp_dim, dim])
        self.cross_attn_image_to_token = Attention(dim, heads, dim // 2)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.norm3, self.norm4 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(
        self, tokens: Tensor, image: Tensor, token_pe: Tensor, image_pe: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """tokens [B,T,C], image [B,L,C], their positions alike; bias [B,1,1,T] hides padding."""
        if self.first:  # positions are still inside the tokens, as in SAM
            tokens = self.self_attn(tokens, tokens, tokens, bias)
        else:
            placed = tokens + token_pe
            tokens = tokens + self.self_attn(placed, placed, tokens, bias)
        tokens = self.norm1(tokens)
        looked = self.cross_attn_token_to_image(tokens + token_pe, image + image_pe, image)
        tokens = self.norm2(tokens + looked)
        tokens = self.norm3(tokens + self.mlp(tokens))
        answer = self.cross_attn_image_to_token(image + image_pe, tokens + token_pe, tokens, bias)
        return tokens, self.norm4(image + answer)


class TwoWayTransformer(nn.Module):
    """A stack of two-way blocks and a last look of the tokens at the image."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayBlock(dim, heads, mlp_dim, first=index == 0) for index in range(layers)
        )
        self.final_attn_token_to_image = Attention(dim, heads, dim // 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(
        self, tokens: Tensor, image: Tensor, image_pe: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """tokens [B,T,C], image [B,L,C] -> the same, informed by each other."""
        token_pe = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, token_pe, image_pe, bias)
        looked = self.final_attn_token_to_image(tokens + token_pe, image + image_pe, image)
        return self.norm_final_attn(tokens + looked), image
