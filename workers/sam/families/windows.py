"""A grid of tokens cut into square windows, and put together again.

B images, S the side of the grid, W that of a window, n windows for each image.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def to_windows(x: Tensor, side: int, window: int) -> Tensor:
    """[B,S,S,C] -> [B*n,W,W,C]. Zeros fill the last windows, and are attended to."""
    padding = -side % window
    across = (side + padding) // window
    x = F.pad(x, (0, 0, 0, padding, 0, padding))
    x = x.reshape(-1, across, window, across, window, x.shape[-1]).transpose(2, 3)
    return x.reshape(-1, window, window, x.shape[-1])


def from_windows(windows: Tensor, side: int, window: int) -> Tensor:
    """[B*n,W,W,C] -> [B,S,S,C], without what filled the last windows."""
    across = -(-side // window)
    x = windows.reshape(-1, across, across, window, window, windows.shape[-1]).transpose(2, 3)
    return x.reshape(-1, across * window, across * window, x.shape[-1])[:, :side, :side]
