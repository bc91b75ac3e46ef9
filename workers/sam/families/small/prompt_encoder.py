"""The prompt encoder: clicks, boxes and a previous mask, as tokens and as maps on the image.

Plain SAM tokens alone are ignored by a small model for a long time. So each prompt is given three
ways: as a token that also carries the image's own feature at the click, as soft maps of where the
clicks and the box are, and as maps of how alike every position is to what was clicked.

`point_coords` is in model space under SAM's pixel-index convention: the half is added here.
`point_labels`: 1 positive, 0 negative, 2 and 3 a box's corners, -1 padding, which changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from workers.sam.families.small.config import SamConfig
from workers.sam.families.small.position import PositionEncoding

HIDDEN = -1e4  # attention bias of a padding token: exp() of it is exactly zero


@dataclass
class EncodedPrompts:
    """What the mask decoder takes in; h and w are the grid at stride 8."""

    tokens: Tensor  # [B,N,C]
    token_bias: Tensor  # [B,N] 0, or HIDDEN for padding
    dense: Tensor  # [B,F,h,w]
    fine: Tensor  # [B,M,2h,2w]


class PromptEncoder(nn.Module):
    """See the module's docstring."""

    # two widths for each of positive and negative, box, similarity to positives and negatives
    CLICK_WIDTHS = (0.75, 4.0)  # in cells of stride 8

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.config = config
        dim, heads = config.embed_dim, config.similarity_heads
        self.position = PositionEncoding(dim)
        self.label_embeddings = nn.Parameter(torch.randn(4, dim) * 0.5)
        self.clicked_feature = nn.Linear(dim, dim)
        maps = 2 * len(self.CLICK_WIDTHS) + 1 + 2 * heads + 1
        self.dense_maps = nn.Conv2d(maps, config.fusion_dim, 3, padding=1)
        self.fine_maps = nn.Conv2d(3, config.mask_dim, 3, padding=1)
        self.mask_fine = nn.Conv2d(1, config.mask_dim, 2, stride=2)
        self.mask_down = nn.Conv2d(config.mask_dim, config.fusion_dim, 2, stride=2)
        self.no_mask = nn.Parameter(torch.zeros(1, config.fusion_dim, 1, 1))

    def forward(
        self,
        features: Tensor,
        keys: Tensor,
        grid: tuple[int, int],
        point_coords: Tensor,
        point_labels: Tensor,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> EncodedPrompts:
        """Prompts as tokens and maps.

        features [B,h*w,C] and keys [B,H,D,h*w] come from `MaskDecoder.prepare`, grid is (h, w);
        coords [B,N,2], labels [B,N], previous logits [B,1,4h,4w] and whether they count [B].
        """
        height, width = grid
        cells = (point_coords + 0.5) / 8  # positions in cells, centres at .5
        marks = [(point_labels == value).to(cells.dtype) for value in (0.0, 1.0, 2.0, 3.0)]
        inside = self._box_map(cells, marks, height, width, 1.0)
        weights = self._sampling_weights(cells, height, width)
        tokens = self._tokens(features, weights, cells / width, marks, inside)
        maps = [
            self._click_map(cells, mark, height, width, spread)
            for mark in (marks[1], marks[0])
            for spread in self.CLICK_WIDTHS
        ]
        likeness = self._similarity(keys, weights, marks, height, width)
        ones = torch.ones_like(inside)  # tells the convolution where the grid ends
        dense = self.dense_maps(torch.cat([*maps, inside, *likeness, ones], dim=1))
        fine_cells = cells * 2
        fine = self.fine_maps(
            torch.cat(
                [
                    self._click_map(fine_cells, marks[1], height * 2, width * 2, 1.0),
                    self._click_map(fine_cells, marks[0], height * 2, width * 2, 1.0),
                    self._box_map(fine_cells, marks, height * 2, width * 2, 1.0),
                ],
                dim=1,
            )
        )
        if mask_input is None or has_mask_input is None:
            dense = dense + self.no_mask
        else:
            dense, fine = self._add_mask(dense, fine, mask_input, has_mask_input)
        token_bias = (point_labels < 0).to(cells.dtype) * HIDDEN
        return EncodedPrompts(tokens, token_bias, dense, fine)

    def _tokens(
        self,
        features: Tensor,
        weights: Tensor,
        fractions: Tensor,
        marks: list[Tensor],
        inside: Tensor,
    ) -> Tensor:
        """Where, what kind, and what the image shows there: [B,N,C]."""
        tokens = self.position(fractions)
        for index, mark in enumerate(marks):
            tokens = tokens + mark[..., None] * self.label_embeddings[index]
        within = inside.flatten(2)
        boxed = (within @ features) / (within.sum(dim=2, keepdim=True) + 1e-3)
        is_click = (marks[0] + marks[1])[..., None]
        is_corner = (marks[2] + marks[3])[..., None]
        clicked = weights @ features
        return tokens + self.clicked_feature(clicked * is_click + boxed * is_corner)

    @staticmethod
    def _sampling_weights(cells: Tensor, height: int, width: int) -> Tensor:
        """Bilinear weights [B,N,h*w] of the map's cells at each click (a product, no gather)."""
        columns = torch.arange(width, dtype=torch.float32, device=cells.device) + 0.5
        rows = torch.arange(height, dtype=torch.float32, device=cells.device) + 0.5
        x = cells[..., 0:1].clamp(0.5, width - 0.5)
        y = cells[..., 1:2].clamp(0.5, height - 0.5)
        across = torch.relu(1 - (x - columns).abs())
        down = torch.relu(1 - (y - rows).abs())
        return (down[..., :, None] * across[..., None, :]).flatten(2)

    @staticmethod
    def _click_map(cells: Tensor, mark: Tensor, height: int, width: int, spread: float) -> Tensor:
        """Gaussian bumps at the marked points, [B,1,h,w]."""
        columns = torch.arange(width, dtype=torch.float32, device=cells.device) + 0.5
        rows = torch.arange(height, dtype=torch.float32, device=cells.device) + 0.5
        across = torch.exp(-((cells[..., 0:1] - columns) ** 2) / (2 * spread**2))
        down = torch.exp(-((cells[..., 1:2] - rows) ** 2) / (2 * spread**2))
        bumps = (down * mark[..., None])[..., :, None] * across[..., None, :]
        return bumps.amax(dim=1, keepdim=True)

    @staticmethod
    def _box_map(
        cells: Tensor, marks: list[Tensor], height: int, width: int, softness: float
    ) -> Tensor:
        """1 inside the box, 0 outside or without a box, [B,1,h,w]."""
        columns = torch.arange(width, dtype=torch.float32, device=cells.device) + 0.5
        rows = torch.arange(height, dtype=torch.float32, device=cells.device) + 0.5
        first = (cells * marks[2][..., None]).sum(dim=1)
        last = (cells * marks[3][..., None]).sum(dim=1)
        given = marks[3].amax(dim=1)[:, None, None, None]
        slope = 4 / softness
        across = torch.sigmoid((columns - first[:, 0:1]) * slope)
        across = across * torch.sigmoid((last[:, 0:1] - columns) * slope)
        down = torch.sigmoid((rows - first[:, 1:2]) * slope)
        down = down * torch.sigmoid((last[:, 1:2] - rows) * slope)
        return (down[:, :, None] * across[:, None, :])[:, None] * given

    @staticmethod
    def _similarity(
        keys: Tensor, weights: Tensor, marks: list[Tensor], height: int, width: int
    ) -> list[Tensor]:
        """Cosine of every position with the clicked ones, the best over clicks, 2 x [B,H,h,w]."""
        queries = keys @ weights[:, None].transpose(2, 3)  # [B,H,D,N]
        cosine = queries.transpose(2, 3) @ keys  # [B,H,N,h*w]
        likeness = []
        for mark in (marks[1], marks[0]):
            chosen = mark[:, None, :, None]
            best = (cosine * chosen - (1 - chosen)).amax(dim=2)
            likeness.append(best.reshape(best.shape[0], best.shape[1], height, width))
        return likeness

    def _add_mask(
        self, dense: Tensor, fine: Tensor, mask_input: Tensor, has_mask_input: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mix in the previous logits, squashed so that very sure ones do not drown the clicks."""
        given = has_mask_input.reshape(-1, 1, 1, 1)
        detail = self.mask_fine(torch.tanh(mask_input / 4))
        coarse = self.mask_down(torch.relu(detail))
        dense = dense + given * coarse + (1 - given) * self.no_mask
        return dense, fine + given * detail
