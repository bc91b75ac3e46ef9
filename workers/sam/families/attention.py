"""Attention in several spellings of the same sum.

PyTorch's fused one never holds the whole table of scores and is what a GPU wants. The plain one
exports to few and simple ONNX nodes, and is the yardstick that speed is measured against. With
relative positions (`attend_relative`) a large grid is exported in bands of query rows: the scores
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


def attend_relative(q: Tensor, k: Tensor, v: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Attention over a grid h x w with decomposed relative positions (Li et al. 2022, MViTv2).

    q, k, v [n, h*w, D] -> [n, h*w, D]. rows [h,h,D] holds the vector of each pair (query's row,
    key's row), columns [w,w,D] alike. Position (y, x) scores (y', x') by
    q.k / sqrt(D) + q.rows[y, y'] + q.columns[x, x'], with q unscaled in the last two.

    The fused spelling folds this into the product, exactly: q is lengthened by its h + w position
    scores, k by what picks the right two of them.
    """
    height, width, depth = int(rows.shape[0]), int(columns.shape[0]), int(q.shape[-1])
    grid = q.reshape(-1, height, width, depth)
    by_row = grid @ rows.transpose(1, 2)  # [n,h,w,h]
    by_column = (grid.transpose(1, 2) @ columns.transpose(1, 2)).transpose(1, 2)  # [n,h,w,w]
    length, scale = height * width, depth**-0.5
    by_row, by_column = by_row.reshape(-1, length, height), by_column.reshape(-1, length, width)
    if not _Spelling.plain and not torch.onnx.is_in_onnx_export():
        picks = torch.cat(
            [
                torch.eye(height, dtype=k.dtype, device=k.device).repeat_interleave(width, 0),
                torch.eye(width, dtype=k.dtype, device=k.device).repeat(height, 1),
            ],
            1,
        )
        longer_q = torch.cat([q * scale, by_row.to(q.dtype), by_column.to(q.dtype)], -1)
        longer_k = torch.cat([k, picks.expand(k.shape[0], -1, -1)], -1)
        return functional.scaled_dot_product_attention(longer_q, longer_k, v, scale=1.0)
    band = max(1, BAND // width) * width if torch.onnx.is_in_onnx_export() else length
    q, turned, parts = q * scale, k.transpose(-2, -1), []
    for start in range(0, length, band):
        part = slice(start, min(start + band, length))
        count = part.stop - start
        bias = by_row[:, part, :, None] + by_column[:, part, None, :]
        scores = (q[:, part] @ turned) + bias.reshape(-1, count, length)
        parts.append(scores.softmax(-1) @ v)
    return torch.cat(parts, 1) if len(parts) > 1 else parts[0]
