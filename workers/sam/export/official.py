"""The decoder as one graph in the style of SAM's official export, `--return-single-mask`.

For tools that expect SAM's inputs, and as the yardstick our own graphs are timed against: the
mask prompt's branch always runs, one mask is chosen and scaled to the image's size inside.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.base import PromptableModel

OFFICIAL_INPUTS = (
    "point_coords",
    "point_labels",
    "mask_input",
    "has_mask_input",
    "orig_im_size",
)
OFFICIAL_OUTPUTS = ("masks", "iou_predictions", "low_res_masks")


class OfficialGraph(nn.Module):
    """The embedding's tensors and SAM's five inputs -> masks [1,1,H,W] (logits at image size),
    iou_predictions [1,1] and low_res_masks [1,1,h,w]."""

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """orig_im_size is (height, width) of the image; the rest as in PromptableModel.decode."""
        coords, labels, mask_input, has_mask_input, size = inputs[-len(OFFICIAL_INPUTS) :]
        embedding = inputs[: -len(OFFICIAL_INPUTS)]
        low, ious = self.model.decode(embedding, coords, labels, None, mask_input, has_mask_input)
        best = torch.argmax(ious + self._preference(labels, ious), dim=1)
        one = torch.arange(low.shape[0])
        low, ious = low[one, best].unsqueeze(1), ious[one, best].unsqueeze(1)
        return self._at_image_size(low, size), ious, low

    def _preference(self, labels: Tensor, ious: Tensor) -> Tensor:
        """SAM's rule: the single mask for three points and more, padding and corners included."""
        corners = (labels >= 2).sum(dim=1, keepdim=True).clamp(max=1)
        count = (labels >= 0).sum(dim=1, keepdim=True) + 1 - corners
        single = torch.zeros_like(ious)
        single[:, self.model.spec.single_candidate] = 1000.0
        return (count - 2.5) * single

    def _at_image_size(self, low: Tensor, size: Tensor) -> Tensor:
        """Bilinear to model space, the padding off, bilinear to the image."""
        preprocessing = self.model.spec.preprocessing
        side = preprocessing.input_size
        masks = functional.interpolate(low, (side, side), mode="bilinear", align_corners=False)
        if preprocessing.resize == "longest_side":
            scaled = (size * (side / size.max()) + 0.5).to(torch.int64)
            masks = masks[..., : scaled[0], : scaled[1]]
        height, width = size.to(torch.int64)
        return functional.interpolate(masks, (height, width), mode="bilinear", align_corners=False)
