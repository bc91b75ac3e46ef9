"""The numbers that fix one model. A change here makes another model, so another bundle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SamConfig:
    """Sizes of the small model. Every grid follows from `input_size` (model space, pixels)."""

    family: str = "samweb_small"
    input_size: int = 256
    # image encoder: channels at strides 2, 4, 8, 16; residual blocks at strides 4, 8, 16
    encoder_channels: tuple[int, int, int, int] = (24, 40, 80, 160)
    encoder_blocks: tuple[int, int, int] = (1, 4, 3)
    encoder_attention_layers: int = 4
    encoder_heads: int = 5
    # what an embedding is made of
    embed_dim: int = 96  # image_embeddings, stride 8
    edge_dim: int = 16  # edge_embeddings, stride 4
    # mask decoder
    decoder_heads: int = 4
    decoder_layers: int = 2
    decoder_mlp: int = 256
    similarity_heads: int = 4
    similarity_dim: int = 16
    fusion_dim: int = 48  # features at stride 8 after the transformer
    mask_dim: int = 16  # features at stride 4 that masks are read from
    mask_tokens: int = 4  # index 0 is the single mask, 1..3 the candidates of one click

    @property
    def low_res_size(self) -> int:
        """Side of `low_res_masks`: stride 2."""
        return self.input_size // 2

    @property
    def embedding_size(self) -> int:
        """Side of `image_embeddings`: stride 8."""
        return self.input_size // 8
