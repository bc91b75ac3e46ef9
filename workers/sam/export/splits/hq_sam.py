"""HQ-SAM: SAM's halves, and what the HQ token makes of the upscaled map."""

from __future__ import annotations

import torch
from torch import Tensor

from workers.sam.export.low_rank import ImageState
from workers.sam.export.splits.sam import SamSplit
from workers.sam.export.upscaling import as_map, padded
from workers.sam.families.hq_sam import HqMaskDecoder, HqSam
from workers.sam.families.sam_decoder import MASK_TOKENS, apply_filters


class HqSplit(SamSplit):
    """The HQ features are the embedding's second tensor and need nothing prepared."""

    beyond = 2  # two 3 x 3 convolutions see two cells further
    decoder: HqMaskDecoder

    def __init__(self, model: HqSam) -> None:
        encoder, decoder = model.prompt_encoder, model.mask_decoder
        super().__init__(model.spec, encoder, decoder, model.image_pe())
        self.prepared = (*self.prepared, "finer")

    def prepare(self, *embedding: Tensor) -> tuple[Tensor, ...]:
        """See SplitDecoder."""
        image_embeddings, hq_features = embedding
        return (*super().prepare(image_embeddings), 1.0 * hq_features)

    def answer(
        self,
        tokens: Tensor,
        state: ImageState,
        prepared: tuple[Tensor, ...],
        valid: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """See SamSplit."""
        upscaled, finer = prepared
        features = as_map(self.upscaling(upscaled, state, valid), valid)
        rows, columns = (4 * count for count in valid)
        finer = self.decoder.embedding_maskfeature(features) + finer[:, :, :rows, :columns]
        correction = self.decoder.hf_mlp(tokens[1 + MASK_TOKENS])[None, None]
        ratings = self.decoder.iou_prediction_head(tokens[:1])
        if self.decoder.hq_token_only:
            return padded(apply_filters(correction, finer), valid, self.low_res_size), ratings[
                :, :1
            ]
        # One product for both: masks are filters on two maps that stand on each other.
        filters = torch.cat([self.filters(tokens), correction[0].expand(MASK_TOKENS, -1)], 1)
        logits = apply_filters(filters[None], torch.cat([features, finer], 1))
        return padded(logits, valid, self.low_res_size), ratings


def split(model: HqSam) -> HqSplit:
    """The halves of an HQ-SAM."""
    return HqSplit(model)
