"""The network behind the graph `refine`: a small U-Net over a crop, the decoded logits and clicks.

It learns a correction that is added to the logits it is given, so that it starts as doing nothing.
Any family's logits will do: it sees no embedding. R is the side of the crop's grid.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.small.image_encoder import ImageEncoder, ResidualBlock, conv_norm
from workers.sam.families.small.prompt_encoder import PromptEncoder

CROP_SIZE = 192
CHANNELS = (24, 40, 80, 80)  # at strides 2, 4, 8, 16; the first three as in the small encoder
SPREADS = (1.0, 4.0)  # of the clicks' soft dots, in cells of stride 2


class EdgeRefiner(nn.Module):
    """See the module's docstring."""

    def __init__(self, channels: tuple[int, int, int, int] = CHANNELS) -> None:
        super().__init__()
        half, quarter, eighth, coarse = channels
        self.stem = conv_norm(3, half, 2)
        self.given = nn.Conv2d(1, half, 3, stride=2, padding=1)
        self.clicks = nn.Conv2d(2 * len(SPREADS), half, 1)
        self.down4 = self._stage(half, quarter)
        self.down8 = self._stage(quarter, eighth)
        self.down16 = self._stage(eighth, coarse)
        self.up8, self.mix8 = nn.Conv2d(coarse, eighth, 1), conv_norm(eighth, eighth)
        self.up4, self.mix4 = nn.Conv2d(eighth, quarter, 1), conv_norm(quarter, quarter)
        self.up2, self.mix2 = nn.Conv2d(quarter, half, 1), conv_norm(half, half)
        self.correction = nn.Conv2d(half, 4, 3, padding=1)
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)

    def begin_with(self, encoder: ImageEncoder) -> None:
        """Take over what a trained encoder knows of edges and textures at strides 2 to 8."""
        self.stem.load_state_dict(encoder.stem[0].state_dict())
        for mine, theirs in ((self.down4, encoder.stage4), (self.down8, encoder.stage8)):
            mine.load_state_dict(theirs[:3].state_dict())

    @staticmethod
    def _stage(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(conv_norm(inputs, outputs, 2), nn.ReLU(), ResidualBlock(outputs))

    def forward(
        self, crop: Tensor, coarse_logits: Tensor, point_coords: Tensor, point_labels: Tensor
    ) -> Tensor:
        """Normalised crop [B,3,R,R], logits [B,1,R,R], clicks in the crop's model space [B,N,2]
        with labels [B,N] (only 1 and 0 count, N may not be 0) -> logits [B,1,R,R]."""
        half = self.stem(crop) + self.given(torch.tanh(coarse_logits / 4))
        half = torch.relu(half + self.clicks(self._click_maps(point_coords, point_labels, half)))
        quarter = self.down4(half)
        eighth = self.down8(quarter)
        coarse = self.down16(eighth)
        eighth = self._climb(self.up8, self.mix8, coarse, eighth)
        quarter = self._climb(self.up4, self.mix4, eighth, quarter)
        half = self._climb(self.up2, self.mix2, quarter, half)
        return coarse_logits + functional.pixel_shuffle(self.correction(half), 2)

    @staticmethod
    def _climb(raise_to: nn.Module, mix: nn.Module, below: Tensor, beside: Tensor) -> Tensor:
        raised = functional.interpolate(raise_to(below), scale_factor=2.0, mode="nearest")
        joined = torch.relu(raised + beside)
        return torch.relu(joined + mix(joined))

    @staticmethod
    def _click_maps(coords: Tensor, labels: Tensor, half: Tensor) -> Tensor:
        cells = (coords + 0.5) / 2
        height, width = int(half.shape[2]), int(half.shape[3])
        marks = [(labels == value).to(cells.dtype) for value in (1.0, 0.0)]
        maps = [
            PromptEncoder._click_map(cells, mark, height, width, spread)
            for mark in marks
            for spread in SPREADS
        ]
        return torch.cat(maps, dim=1)
