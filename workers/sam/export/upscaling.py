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

    def in_place(self, features: Tensor, parts: int) -> Tensor:
        """features [C,parts*h,parts*w] in the order of what they are added to:
        [h,w,parts^2 * C], sub-positions by halves as two transposed convolutions make them."""
        rows, columns = self.grid
        halves = [2] * (parts // 2)
        count = len(halves)
        x = features.unflatten(2, (columns, *halves)).unflatten(1, (rows, *halves))
        # [C, h, halves of the rows.., w, halves of the columns..] -> h, w, (row, column) pairs, C
        pairs = [axis for half in range(count) for axis in (2 + half, 3 + count + half)]
        return x.permute(1, 2 + count, *pairs, 0).flatten(2)

    def forward(
        self,
        upscaled: Tensor,
        state: ImageState,
        valid: tuple[Tensor, Tensor],
        finer: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """[rows * columns, 4, 4, C2]: the features masks are read from.

        `finer`: what is added after the first and the second convolution, as `in_place` lays it.
        """
        assert state.scale is not None and state.rows is not None and state.vectors is not None
        rows, columns = valid
        scale = cropped(state.scale, self.grid, rows, columns)
        brought = cropped(state.rows, self.grid, rows, columns)
        base = upscaled[:rows, :columns].flatten(0, 1)
        vectors = state.vectors @ self.first
        x = scale.T * base + brought.T @ vectors + self.first_bias
        if finer is not None:
            x = x + finer[0][:rows, :columns].flatten(0, 1)
        x = x.unflatten(1, (4, -1))
        x = functional.layer_norm(x, x.shape[-1:], self.norm_weight, self.norm_bias, self.eps)
        x = functional.gelu(x) @ self.second + self.second_bias
        if finer is not None:
            x = x + finer[1][:rows, :columns].flatten(0, 1).unflatten(1, (4, -1))
        return functional.gelu(x).unflatten(2, (4, -1))


def as_map(features: Tensor, valid: tuple[Tensor, Tensor]) -> Tensor:
    """[rows * columns, 4, 4, C2] -> [1,C2,4*rows,4*columns]."""
    rows, columns = valid
    x = features.reshape(rows, columns, 2, 2, 2, 2, -1).permute(6, 0, 2, 4, 1, 3, 5)
    return x.reshape(1, -1, 4 * rows, 4 * columns)


def padded(logits: Tensor, valid: tuple[Tensor, Tensor], side: int) -> Tensor:
    """[1,K,4*rows,4*columns] -> [1,K,side,side], OUTSIDE where nothing was scaled up."""
    rows, columns = valid
    return functional.pad(logits, (0, side - 4 * columns, 0, side - 4 * rows), value=OUTSIDE)


def masks_of(features: Tensor, vectors: Tensor, valid: tuple[Tensor, Tensor], side: int) -> Tensor:
    """features [rows*columns, 4, 4, C2], one vector a mask [K,C2] -> logits [1,K,side,side]."""
    rows, columns = valid
    logits = vectors @ features.flatten(0, 2).T
    logits = logits.reshape(-1, rows, columns, 2, 2, 2, 2).permute(0, 1, 3, 5, 2, 4, 6)
    logits = logits.reshape(-1, 4 * rows, 4 * columns)
    return padded(logits[None], valid, side)
