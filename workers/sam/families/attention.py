"""Attention in several spellings of the same sum.

PyTorch's fused one never holds the whole table of scores and is what a GPU wants. The plain one
exports to few and simple ONNX nodes, and is the yardstick that speed is measured against. With
relative positions (`attend_on_grid`) a large grid is exported in bands of query rows: the scores
of SAM's global attention take 0.8 GB at once, and a sixteenth of it in bands, for the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

BAND = 256  # queries of an exported band, about: small enough for a processor's cache


class _Spelling:
    plain = False


@contextmanager
def plain_attention() -> Iterator[None]:
    """Within it, attention multiplies, adds and normalises one step after another."""
    before, _Spelling.plain = _Spelling.plain, True
    try:
        yield
    finally:
        _Spelling.plain = before


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """softmax(q k^T / sqrt(D) + bias) v for [..., N, D], [..., M, D], [..., M, E] -> [..., N, E].

    `bias` broadcasts to [..., N, M].
    """
    if not _Spelling.plain and not torch.onnx.is_in_onnx_export():
        return functional.scaled_dot_product_attention(q, k, v, bias)
    scores = (q * int(q.shape[-1]) ** -0.5) @ k.transpose(-2, -1)
    if bias is not None:
        scores = scores + bias
    return scores.softmax(-1) @ v


def attend_on_grid(q: Tensor, k: Tensor, v: Tensor, by_row: Tensor, by_column: Tensor) -> Tensor:
    """Attention over a grid h x w with decomposed relative positions (Li et al. 2022, MViTv2).

    q, k, v [B,heads,h*w,D] -> the same. by_row [B,heads,h*w,h] is what each query gives to each row
    of keys, by_column [B,heads,h*w,w] to each column; both are added to q.k / sqrt(D).
    """
    heads, height, width = int(q.shape[1]), int(by_row.shape[-1]), int(by_column.shape[-1])
    band = length = height * width
    if torch.onnx.is_in_onnx_export():
        band = max(1, BAND // width) * width
    parts = []
    for start in range(0, length, band):
        end = min(start + band, length)
        bias = by_row[:, :, start:end, :, None] + by_column[:, :, start:end, None, :]
        bias = bias.reshape(-1, heads, end - start, length)
        parts.append(attend(q[:, :, start:end], k, v, bias))
    return torch.cat(parts, 2) if len(parts) > 1 else parts[0]
