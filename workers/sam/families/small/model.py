"""The whole model: image encoder, prompt encoder and mask decoder under SAM's names."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from workers.sam.families.base import ModelSpec, Preprocessing, PromptableModel
from workers.sam.families.small.config import SamConfig
from workers.sam.families.small.image_encoder import ImageEncoder
from workers.sam.families.small.mask_decoder import MaskDecoder, PreparedImage
from workers.sam.families.small.prompt_encoder import PromptEncoder


class Sam(PromptableModel):
    """Encode an image once, decode as many prompts as you like."""

    def __init__(self, config: SamConfig | None = None) -> None:
        super().__init__()
        self.config = config or SamConfig()
        self.spec = spec_of(self.config)
        self.image_encoder = ImageEncoder(self.config)
        self.prompt_encoder = PromptEncoder(self.config)
        self.mask_decoder = MaskDecoder(self.config)

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised image [B,3,S,S] -> (image_embeddings, edge_embeddings)."""
        return self.image_encoder(image)

    def prepare(self, image_embeddings: Tensor, edge_embeddings: Tensor) -> PreparedImage:
        """The part of decoding that depends on the image alone."""
        return self.mask_decoder.prepare(image_embeddings, edge_embeddings)

    def decode(
        self,
        embedding: tuple[Tensor, ...] | PreparedImage,
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Prompts in model space -> low_res_masks [B,4,S/2,S/2], iou_predictions [B,4].

        The embedding as `encode` gave it, or what `prepare` made of it: for many prompts.
        """
        image = embedding if isinstance(embedding, PreparedImage) else self.prepare(*embedding)
        if prompt_tokens is None:
            batch = point_coords.shape[0]
            prompt_tokens = point_coords.new_zeros((batch, 0, self.config.embed_dim))
        prompts = self.prompt_encoder(
            image.features,
            image.keys,
            image.grid,
            point_coords,
            point_labels,
            mask_input,
            has_mask_input,
        )
        return self.mask_decoder(image, prompts, prompt_tokens)

    def forward(
        self, image: Tensor, point_coords: Tensor, point_labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """All steps at once."""
        return self.decode(self.encode(image), point_coords, point_labels)


def spec_of(config: SamConfig) -> ModelSpec:
    """What a manifest says of a model of these sizes."""
    side = config.embedding_size
    return ModelSpec(
        preprocessing=Preprocessing(config.input_size),
        embedding=(
            ("image_embeddings", (1, config.embed_dim, side, side)),
            ("edge_embeddings", (1, config.edge_dim, 2 * side, 2 * side)),
        ),
        low_res_size=config.low_res_size,
        prompt_token_channels=config.embed_dim,
        scored_clicks=2,  # on held-out images: +.008 mIoU at three clicks
    )


def count_parameters(module: nn.Module) -> int:
    """Learned numbers in a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def load_weights(path: str, device: str = "cpu") -> dict[str, Any]:
    """A checkpoint from disk; nothing but tensors and plain values is unpickled."""
    saved: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return saved
