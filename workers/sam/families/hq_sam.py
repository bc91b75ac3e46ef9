"""HQ-SAM ViT-B, ViT-L and ViT-H: SAM with one more token that reads finer features.

After "Segment Anything in High Quality" (Ke et al., 2023). Everything of SAM is kept frozen; the
HQ token's mask is a correction that is added to SAM's masks.

The finer features come from the image embedding and from the ViT after its first global block.
The embedding stores their sum after both have been brought to 32 x 256 x 256 (`hq_features`): the
ViT's own map is 1.5 (B), 2 (L) or 2.5 (H) times as large and would need its transposed
convolutions in the browser.

Candidates are SAM's, each with the correction added, and the predicted IoUs are those of SAM's own
head, which never sees the correction. So candidate 0 is what the official code answers for a single
mask, and the one of 1 to 3 with the highest predicted IoU what it answers for several.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from workers.sam.families.sam import ImageEncoder
from workers.sam.families.sam_decoder import (
    DIM,
    MASK_TOKENS,
    META_EPS,
    MLP,
    EncodedPrompts,
    LayerNorm2d,
    LayerNormEps,
    MaskDecoder,
    PromptEncoder,
    Sam,
    apply_filters,
    sam_spec,
)

FEATURES = DIM // 8


def build(
    dim: int,
    depth: int,
    heads: int,
    global_blocks: tuple[int, ...],
    input_size: int = 1024,
    eps: LayerNormEps = META_EPS,
    folded_positions: bool = False,
    hq_token_only: bool = False,
) -> HqSam:
    """An HQ-SAM with random weights. With `hq_token_only` the HQ token's mask is the only
    candidate, with the predicted IoU of SAM's single mask."""
    return HqSam(
        ImageEncoder(dim, depth, heads, global_blocks, input_size, eps, folded_positions),
        PromptEncoder(input_size, eps),
        HqMaskDecoder(dim, eps, hq_token_only),
        input_size,
    )


class HqMaskDecoder(MaskDecoder):
    """SAM's mask decoder with the HQ token and its features."""

    def __init__(self, vit_dim: int, eps: LayerNormEps, hq_token_only: bool) -> None:
        super().__init__(eps)
        self.hq_token_only = hq_token_only
        self.hf_token = nn.Embedding(1, DIM)
        self.hf_mlp = MLP(DIM, DIM, DIM, FEATURES)
        self.compress_vit_feat = four_times_finer(vit_dim, DIM, eps)
        self.embedding_encoder = four_times_finer(DIM, DIM // 4, eps)
        self.embedding_maskfeature = nn.Sequential(
            nn.Conv2d(FEATURES, DIM // 4, 3, padding=1),
            LayerNorm2d(DIM // 4, eps=eps.maps),
            nn.GELU(),
            nn.Conv2d(DIM // 4, FEATURES, 3, padding=1),
        )

    def forward(
        self, embedding: tuple[Tensor, ...], image_pe: Tensor, prompts: EncodedPrompts
    ) -> tuple[Tensor, Tensor]:
        """As SAM's, the embedding being (image_embeddings, hq_features)."""
        image_embeddings, hq_features = embedding
        tokens, upscaled = self.look(image_embeddings, image_pe, prompts)
        finer = self.embedding_maskfeature(upscaled) + hq_features
        hq_filter = self.hf_mlp(tokens[:, 1 + MASK_TOKENS])
        correction = apply_filters(hq_filter[:, None], finer)
        ious = self.iou_prediction_head(tokens[:, 0])
        if self.hq_token_only:
            return correction, ious[:, :1]
        return self.masks(tokens, upscaled) + correction, ious

    def output_tokens(self) -> Tensor:
        """SAM's and the HQ token, [6,C]."""
        return torch.cat([super().output_tokens(), self.hf_token.weight])

    def hq_features(self, image_embeddings: Tensor, early: Tensor) -> Tensor:
        """Embedding [B,C,h,w] and the ViT's early map [B,vit_dim,h,w] -> [B,32,4h,4w]."""
        return self.embedding_encoder(image_embeddings) + self.compress_vit_feat(early)


def four_times_finer(channels: int, between: int, eps: LayerNormEps) -> nn.Sequential:
    """[B,channels,h,w] -> [B,32,4h,4w]."""
    return nn.Sequential(
        nn.ConvTranspose2d(channels, between, 2, stride=2),
        LayerNorm2d(between, eps=eps.maps),
        nn.GELU(),
        nn.ConvTranspose2d(between, FEATURES, 2, stride=2),
    )


class HqSam(Sam):
    """SAM whose embedding has a second tensor."""

    image_encoder: ImageEncoder
    mask_decoder: HqMaskDecoder

    def __init__(
        self,
        image_encoder: ImageEncoder,
        prompt_encoder: PromptEncoder,
        mask_decoder: HqMaskDecoder,
        input_size: int,
    ) -> None:
        side = input_size // 4
        spec = sam_spec(input_size, ("hq_features", (1, FEATURES, side, side)))
        if mask_decoder.hq_token_only:
            spec = replace(spec, candidates=("single",))
        super().__init__(image_encoder, prompt_encoder, mask_decoder, spec)

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """See `PromptableModel`: image_embeddings [B,256,S/16,S/16], hq_features [B,32,S/4,S/4]."""
        image_embeddings, early = self.image_encoder.with_early_map(image)
        return image_embeddings, self.mask_decoder.hq_features(image_embeddings, early)
