"""From the image side's last state to masks: SAM's two transposed convolutions, read out in place.

A 2 x 2 transposed convolution of stride 2 is a matrix product that makes four sub-positions of
every position, so nothing is rearranged until the masks themselves are. Positions that hold only
padding are left out. Layout: [positions, sub-positions, channels], channels last for the norm.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from workers.sam.export.low_rank import ImageState

OUTSIDE = -10.0  # the logit of what lies in the padding


def as_product(convolution: nn.ConvTranspose2d) -> Tensor:
    """The weight [in, out, 2, 2] as a matrix [in, 4 * out], sub-positions in reading order."""
    return convolution.weight.permute(0, 2, 3, 1).flatten(1)


def cropped(planes: Tensor, grid: tuple[int, int], rows: Tensor, columns: Tensor) -> Tensor:
    """planes [n, h*w] -> [n, rows*columns]."""
    return planes.unflatten(1, grid)[:, :rows, :columns].flatten(1)


class Upscaling(nn.Module):
    """`upscaling` is SAM's Sequential: ConvT, LayerNorm2d, GELU, ConvT, GELU."""

    def __init__(self, upscaling: nn.Sequential, grid: tuple[int, int]) -> None:
        super().__init__()
        first, norm, _, second, _ = upscaling
        self.grid = grid
        self.eps = float(norm.eps)
        self.register_buffer("first", as_product(first))
        self.register_buffer("first_bias", first.bias.repeat(4))
        self.register_buffer("second", as_product(second))
        self.register_buffer("second_bias", second.bias.repeat(4))
        self.register_buffer("norm_weight", norm.weight)
        self.register_buffer("norm_bias", norm.bias)

    def prepare(self, base: Tensor) -> Tensor:
        """base [C,L] through the first convolution: [h,w,4*C1]."""
        return (base.T @ self.first).unflatten(0, self.grid)

    def forward(self, upscaled: Tensor, state: ImageState, valid: tuple[Tensor, Tensor]) -> Tensor:
        """[rows * columns, 4, 4, C2]: the features masks are read from."""
        assert state.scale is not None and state.rows is not None and state.vectors is not None
        rows, columns = valid
        scale = cropped(state.scale, self.grid, rows, columns)
        brought = cropped(state.rows, self.grid, rows, columns)
        base = upscaled[:rows, :columns].flatten(0, 1)
        vectors = state.vectors @ self.first
        x = scale.T * base + brought.T @ vectors + self.first_bias
        x = x.unflatten(1, (4, -1))
        x = functional.layer_norm(x, x.shape[-1:], self.norm_weight, self.norm_bias, self.eps)
        x = functional.gelu(x)
        x = functional.gelu(x @ self.second + self.second_bias)
        return x.unflatten(2, (4, -1))


def masks_of(features: Tensor, vectors: Tensor, valid: tuple[Tensor, Tensor], side: int) -> Tensor:
    """features [rows*columns, 4, 4, C2], one vector a mask [K,C2] -> logits [1,K,side,side]."""
    rows, columns = valid
    logits = vectors @ features.flatten(0, 2).T
    logits = logits.reshape(-1, rows, columns, 2, 2, 2, 2).permute(0, 1, 3, 5, 2, 4, 6)
    logits = logits.reshape(-1, 4 * rows, 4 * columns)
    return functional.pad(logits, (0, side - 4 * columns, 0, side - 4 * rows), value=OUTSIDE)[None]
