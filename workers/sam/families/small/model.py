"""The whole model: image encoder, prompt encoder and mask decoder under SAM's names."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from workers.sam.families.small.config import SamConfig
from workers.sam.families.small.image_encoder import ImageEncoder
from workers.sam.families.small.mask_decoder import MaskDecoder, PreparedImage
from workers.sam.families.small.prompt_encoder import PromptEncoder


class Sam(nn.Module):
    """Encode an image once, decode as many prompts as you like."""

    def __init__(self, config: SamConfig | None = None) -> None:
        super().__init__()
        self.config = config or SamConfig()
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
        image: PreparedImage,
        point_coords: Tensor,
        point_labels: Tensor,
        prompt_tokens: Tensor | None = None,
        mask_input: Tensor | None = None,
        has_mask_input: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Prompts in model space -> low_res_masks [B,4,S/2,S/2], iou_predictions [B,4]."""
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
        return self.decode(self.prepare(*self.encode(image)), point_coords, point_labels)


def count_parameters(module: nn.Module) -> int:
    """Learned numbers in a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def load_weights(path: str, device: str = "cpu") -> dict[str, Any]:
    """A checkpoint from disk; nothing but tensors and plain values is unpickled."""
    saved: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return saved
