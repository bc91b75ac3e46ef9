"""MobileSAM (Zhang et al. 2023, arXiv 2306.14289): TinyViT-5M in front of SAM's own decoder.

The published checkpoint also holds TinyViT's classifier (`norm_head`, `head`), which nothing uses.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from workers.sam.families.sam_decoder import (
    META_EPS,
    LayerNormEps,
    MaskDecoder,
    PromptEncoder,
    Sam,
    sam_spec,
)
from workers.sam.families.tiny_vit import TinyViT

UNUSED = ("image_encoder.norm_head.", "image_encoder.head.")


class MobileSam(Sam):
    """SAM with a small encoder; names as in the published checkpoint."""

    def official_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """All but the classifier."""
        return {name: value for name, value in state.items() if not name.startswith(UNUSED)}


def build(
    depths: tuple[int, ...] = (2, 2, 6, 2), input_size: int = 1024, eps: LayerNormEps = META_EPS
) -> MobileSam:
    """MobileSAM with random weights."""
    return MobileSam(
        TinyViT(depths=depths),
        PromptEncoder(input_size, eps),
        MaskDecoder(eps),
        sam_spec(input_size),
    )
