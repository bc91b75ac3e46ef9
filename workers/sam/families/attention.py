"""Attention in two spellings of the same sum: PyTorch's fused one, and the plain one.

The fused spelling never holds the whole table of weights and is what a GPU wants. The plain one
exports to few and simple ONNX nodes, and is the yardstick that speed is measured against.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional


class _Spelling:
    plain = False


@contextmanager
def plain_attention() -> Iterator[None]:
    """Within it, `attend` multiplies, adds and normalises one step after another."""
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
