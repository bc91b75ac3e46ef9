"""What decides which masks of a grid of clicks are kept: SAM's parameters under SAM's names."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from workers.sam.bundle import Bundle


@dataclass(frozen=True)
class Settings:
    """The parameters of SAM's automatic mask generator (arXiv 2304.02643, appendix B), with the
    values it has without being told. The ablations of that paper use the same."""

    points_per_side: int = 32  # of the grid, over the image and over every crop
    pred_iou_thresh: float = 0.88
    stability_score_thresh: float = 0.95
    stability_score_offset: float = 1.0  # logits
    box_nms_thresh: float = 0.7  # IoU of boxes above which the worse of two masks goes
    crop_n_layers: int = 0  # layer i looks at 4^i overlapping crops of the image as well
    crop_nms_thresh: float = 0.7
    crop_overlap_ratio: float = 512 / 1500  # of the image's shorter side
    crop_n_points_downscale_factor: int = 1  # the grid of layer i is this^i times coarser
    min_mask_region_area: int = 0  # image pixels; smaller holes and islands go

    def __post_init__(self) -> None:
        """Refuses in words what would find nothing or never end."""
        if not 1 <= self.points_per_side <= 256:
            raise ValueError("points_per_side must be between 1 and 256.")
        if not 0 <= self.crop_n_layers <= 4:
            raise ValueError("crop_n_layers must be between 0 and 4.")
        if self.crop_n_points_downscale_factor < 1 or self.min_mask_region_area < 0:
            raise ValueError("A factor is at least 1, and an area is not negative.")
        if not 0 <= self.crop_overlap_ratio < 1:
            raise ValueError("crop_overlap_ratio must be at least 0 and below 1.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for hashing and for the record."""
        return asdict(self)


# The small model's ratings are lower and its logits flatter than SAM's. On held-out images of
# training sets these find .59 of the objects among 129 masks an image (docs/model.md).
SMALL = Settings(
    pred_iou_thresh=0.5,
    stability_score_thresh=0.5,
    stability_score_offset=0.25,
    box_nms_thresh=0.5,
)


def settings_for(bundle: Bundle) -> Settings:
    """What suits a bundle's model."""
    return SMALL if bundle.manifest.get("family") == "small" else Settings()
