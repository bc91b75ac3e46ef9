"""Random Fourier position encoding, shared by grids and clicks (SAM's `pe_layer`)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class PositionEncoding(nn.Module):
    """Encodes positions given as fractions of the model input, (x, y) in 0..1."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self, channels: int, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        matrix = torch.randn((2, channels // 2), generator=generator)
        self.register_buffer("positional_encoding_gaussian_matrix", matrix)

    def forward(self, fractions: Tensor) -> Tensor:
        """[..., 2] -> [..., C]."""
        angles = (2 * fractions - 1) @ self.positional_encoding_gaussian_matrix * (2 * math.pi)
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)

    def grid(self, height: int, width: int) -> Tensor:
        """Encodings of all cell centres, [1, height * width, C]."""
        y = (torch.arange(height, dtype=torch.float32) + 0.5) / height
        x = (torch.arange(width, dtype=torch.float32) + 0.5) / width
        centres = torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=-1)
        return self(centres.to(self.positional_encoding_gaussian_matrix.device))[None]
