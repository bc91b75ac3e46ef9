"""SAM 2.1: SAM's halves, with the embedding's finer features added while masks are scaled up."""

from __future__ import annotations

from torch import Tensor

from workers.sam.export.low_rank import ImageState
from workers.sam.export.splits.sam import SamSplit
from workers.sam.export.upscaling import masks_of
from workers.sam.families.sam2 import Sam2


class Sam2Split(SamSplit):
    """The finer features are laid out once per image as the upscaling wants them."""

    def __init__(self, model: Sam2) -> None:
        encoder, decoder = model.sam_prompt_encoder, model.sam_mask_decoder
        super().__init__(model.spec, encoder, decoder, model.image_pe())
        self.prepared = (*self.prepared, "finer_2", "finer_4")

    def prepare(self, *embedding: Tensor) -> tuple[Tensor, ...]:
        """See SplitDecoder."""
        image_embeddings, high_res_s1, high_res_s0 = embedding
        finer_2 = self.upscaling.in_place(high_res_s1[0], 2)
        finer_4 = self.upscaling.in_place(high_res_s0[0], 4)
        return (*super().prepare(image_embeddings), finer_2, finer_4)

    def answer(
        self,
        tokens: Tensor,
        state: ImageState,
        prepared: tuple[Tensor, ...],
        valid: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """See SamSplit; predicted IoUs lie within 0..1."""
        upscaled, finer_2, finer_4 = prepared
        features = self.upscaling(upscaled, state, valid, (finer_2, finer_4))
        logits = masks_of(features, self.filters(tokens), valid, self.low_res_size)
        return logits, self.decoder.iou_prediction_head(tokens[:1]).sigmoid()


def split(model: Sam2) -> Sam2Split:
    """The halves of a SAM 2.1."""
    return Sam2Split(model)
