"""The image side of SAM's two-way transformer without its 256-channel maps.

In a two-way block (Kirillov et al. 2023, appendix A) the image changes only by what a handful of
tokens adds to it, and by a layer norm. So at every position l of the L = h*w grid

    keys[l] = a[l] * base[l] + sum_i R[i, l] * w[i]

where `base` is a map that depends on the image alone, `a` one number a position, R the attention
of the image to the tokens and w the vectors they brought (r of them, r being heads times tokens).
All that is ever asked of the keys is linear in them (queries, keys, values, the first upscaling) or
a sum of squares (the norm), so it can be had from projections of `base` made once per image, and
products with r rows. Exact by algebra; about a fifth of the official graph's multiplications.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Projections:
    """What one attention or norm needs of the image alone: linear maps of `base`."""

    planes: Tensor  # [H,d,L] by head, or [H,L,d] for values
    fixed: Tensor | None = None  # the same of the position encoding: [H,d,L], no scale


@dataclass
class ImageState:
    """The keys of the module's docstring; `cross[i]` = base . w[i] at every position."""

    scale: Tensor | None  # a [1,L]; None means 1
    rows: Tensor | None  # R [r,L]; None means none yet
    vectors: Tensor | None  # w [r,C]
    cross: Tensor | None  # [r,L] = w . centred(base), for the coming norm

    def scaled(self, planes: Tensor) -> Tensor:
        """a * planes, for planes [...,L]."""
        return planes if self.scale is None else planes * self.scale

    def added(self, rows: Tensor, vectors: Tensor, cross: Tensor) -> ImageState:
        """The keys plus sum rows[i] * vectors[i]."""
        if self.rows is None or self.vectors is None or self.cross is None:
            return ImageState(self.scale, rows, vectors, cross)
        return ImageState(
            self.scale,
            torch.cat([self.rows, rows]),
            torch.cat([self.vectors, vectors]),
            torch.cat([self.cross, cross]),
        )


def heads_first(x: Tensor, heads: int) -> Tensor:
    """[n, H*d] -> [H,n,d]."""
    return x.reshape(-1, heads, x.shape[-1] // heads).transpose(0, 1)


def tokens_to_image(
    attention: nn.Module, queries: Tensor, state: ImageState, keys: Projections, values: Tensor
) -> Tensor:
    """The tokens [T,C] look at the image: [T,C]. `values` is [H,L,d].

    The keys' bias adds the same to all positions, which softmax forgets; the values' bias passes
    through it, since the weights of a token sum to 1.
    """
    heads = attention.heads
    q = heads_first(attention.q_proj(queries), heads)
    q = q * (q.shape[-1] ** -0.5)
    planes = state.scaled(keys.planes)
    if keys.fixed is not None:
        planes = planes + keys.fixed
    scores = q @ planes
    if state.vectors is not None:
        seen = heads_first(state.vectors @ attention.k_proj.weight.T, heads)  # [H,r,d]
        scores = scores + (q @ seen.transpose(1, 2)) @ state.rows
    weights = scores.softmax(-1)  # [H,T,L]
    mixed = state.scaled(weights) @ values
    if state.vectors is not None:
        seen = heads_first(state.vectors @ attention.v_proj.weight.T, heads)
        mixed = mixed + (weights @ state.rows.T) @ seen
    mixed = mixed.transpose(0, 1).flatten(1) + attention.v_proj.bias
    return attention.out_proj(mixed)


def image_to_tokens(
    attention: nn.Module, keys: Tensor, state: ImageState, queries: Projections, hidden: Tensor
) -> Tensor:
    """How much each position looks at each token: [H,T,L], summing to 1 over the tokens.

    keys [T,C] with their positions; `hidden` [T,1] is added to a token's scores.
    """
    heads = attention.heads
    k = heads_first(attention.k_proj(keys), heads)
    k = k * (k.shape[-1] ** -0.5)
    planes = state.scaled(queries.planes)
    if queries.fixed is not None:
        planes = planes + queries.fixed
    scores = k @ planes + hidden
    if state.vectors is not None:
        seen = heads_first(state.vectors @ attention.q_proj.weight.T, heads)
        scores = scores + (k @ seen.transpose(1, 2)) @ state.rows
    weights = (scores - scores.amax(1, keepdim=True)).exp()
    return weights / weights.sum(1, keepdim=True)


def output_by_head(attention: nn.Module) -> Tensor:
    """The output projection as [H,d+1,C]: a head's rows and its share of the bias, which every
    position receives once because a head's weights sum to 1."""
    weight, bias = attention.out_proj.weight, attention.out_proj.bias
    by_head = weight.T.reshape(attention.heads, -1, weight.shape[0])
    share = (bias / attention.heads).expand(attention.heads, 1, -1)
    return torch.cat([by_head, share], 1)


def normalised(
    state: ImageState, norm: nn.LayerNorm, energy: Tensor, cross: Tensor | None
) -> ImageState:
    """Layer norm of the keys. `energy` [1,L] is the squared length of the centred base.

    Afterwards `base` means norm.weight * centred(base), there is one row more for norm.bias, and
    `cross` [r+1,L] is that of the next norm (None after the last one).
    """
    assert state.vectors is not None and state.rows is not None and state.cross is not None
    vectors = centred(state.vectors)
    gram = (vectors @ vectors.T) @ state.rows
    square = (state.rows * (state.scaled(2 * state.cross) + gram)).sum(0, keepdim=True)
    own = energy if state.scale is None else energy * state.scale * state.scale
    firm = ((own + square) / vectors.shape[1] + norm.eps).rsqrt()
    return ImageState(
        firm if state.scale is None else firm * state.scale,
        torch.cat([state.rows * firm, torch.ones_like(firm)]),
        torch.cat([vectors * norm.weight, norm.bias[None]]),
        cross,
    )


def centred(vectors: Tensor) -> Tensor:
    """Vectors [...,C] without their means: what a layer norm does first."""
    return vectors - vectors.mean(-1, keepdim=True)
