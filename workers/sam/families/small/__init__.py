"""The small model that this repository trains and ships (docs/model.md).

Reading order: `config`, `image_encoder`, `prompt_encoder`, `transformer`, `mask_decoder`, `model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workers.sam.families.small.model import Sam


def build(**sizes: Any) -> Sam:
    """The small model with random weights; `sizes` change those of SamConfig."""
    from workers.sam.families.small.config import SamConfig
    from workers.sam.families.small.model import Sam

    return Sam(SamConfig(**sizes))
