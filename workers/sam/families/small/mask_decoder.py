"""The mask decoder: embedding and prompts in, four low-resolution masks and their IoU out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.small.config import SamConfig
from workers.sam.families.small.position import PositionEncoding
from workers.sam.families.small.prompt_encoder import EncodedPrompts
from workers.sam.families.small.transformer import MLP, TwoWayTransformer


@dataclass
class PreparedImage:
    """What of a decode depends on the image alone. h and w are the grid at stride 8."""

    features: Tensor  # [B,h*w,C] the embedding as a list of positions
    keys: Tensor  # [B,H,D,h*w] unit vectors to compare positions by
    pooled: Tensor  # [B,C,h/2,w/2]
    lateral_8: Tensor  # [B,F,h,w]
    lateral_4: Tensor  # [B,M,2h,2w]

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w), as plain numbers so that an exported graph holds them as constants."""
        return int(self.lateral_8.shape[2]), int(self.lateral_8.shape[3])

    def repeat(self, times: int) -> PreparedImage:
        """The same for `times` prompts of each image, image by image."""
        return PreparedImage(
            *(getattr(self, name).repeat_interleave(times, 0) for name in PREPARED)
        )


PREPARED = ("features", "keys", "pooled", "lateral_8", "lateral_4")


class MaskDecoder(nn.Module):
    """Tokens and image talk at stride 16; masks are read at stride 4, four pixels a position.

    Reading masks before the last upscaling keeps a click cheap: each mask token makes one weight
    vector for each of the four sub-pixels, so the widest map is never computed.
    """

    SUBPIXELS = 4
    STATISTICS = 3

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.config = config
        dim, fusion, mask_dim = config.embed_dim, config.fusion_dim, config.mask_dim
        self.position = PositionEncoding(dim)
        self.iou_token = nn.Parameter(torch.randn(1, dim) * 0.5)
        self.mask_tokens = nn.Parameter(torch.randn(config.mask_tokens, dim) * 0.5)
        heads = config.similarity_heads
        self.similarity_proj = nn.Conv2d(dim, heads * config.similarity_dim, 1)
        self.pool = nn.Conv2d(dim, dim, 2, stride=2)
        self.pool_prompts = nn.Conv2d(fusion, dim, 2, stride=2)
        self.transformer = TwoWayTransformer(
            dim, config.decoder_heads, config.decoder_mlp, config.decoder_layers
        )
        self.raise_to_8 = nn.ConvTranspose2d(dim, fusion, 2, stride=2)
        self.lateral_8 = nn.Conv2d(dim, fusion, 1)
        self.mix_8 = nn.Conv2d(fusion, fusion, 3, padding=1)
        self.raise_to_4 = nn.ConvTranspose2d(fusion, mask_dim, 2, stride=2)
        self.lateral_4 = nn.Conv2d(config.edge_dim, mask_dim, 1)
        self.mix_4 = nn.Conv2d(mask_dim, mask_dim, 3, padding=1)
        self.output_hypernetworks = nn.ModuleList(
            MLP([dim, dim, self.SUBPIXELS * mask_dim]) for _ in range(config.mask_tokens)
        )
        self.iou_prediction_head = MLP([2 * dim + self.STATISTICS + mask_dim, dim, dim // 2, 1])

    def prepare(self, image_embeddings: Tensor, edge_embeddings: Tensor) -> PreparedImage:
        """[B,C,h,w] and [B,E,2h,2w] -> all that later prompts share."""
        keys = self.similarity_proj(image_embeddings).flatten(2)
        keys = keys.unflatten(1, (self.config.similarity_heads, self.config.similarity_dim))
        return PreparedImage(
            features=image_embeddings.flatten(2).transpose(1, 2),
            keys=keys / (keys.square().sum(dim=2, keepdim=True) + 1e-4).sqrt(),
            pooled=self.pool(image_embeddings),
            lateral_8=self.lateral_8(image_embeddings),
            lateral_4=self.lateral_4(edge_embeddings),
        )

    def forward(
        self, image: PreparedImage, prompts: EncodedPrompts, prompt_tokens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Image, prompts, learned tokens [B,T,C] -> masks [B,4,4h,4w], IoUs [B,4] in 0..1."""
        spoken, seen = self._converse(image.pooled, prompts, prompt_tokens)
        iou_out = spoken[:, :1]
        mask_out = spoken[:, 1 : 1 + self.config.mask_tokens]
        features = self._mask_features(seen, image, prompts)
        batch, channels, height, width = features.shape
        weights = torch.stack(
            [net(mask_out[:, index]) for index, net in enumerate(self.output_hypernetworks)], dim=1
        )
        weights = weights.reshape(batch, -1, channels) * channels**-0.5
        logits = (weights @ features.flatten(2)).reshape(batch, -1, height, width)
        masks = functional.pixel_shuffle(logits, 2)
        return masks, self._predict_iou(iou_out, mask_out, logits, features)

    def _converse(
        self, pooled: Tensor, prompts: EncodedPrompts, prompt_tokens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Two-way attention at stride 16: tokens [B,5+N+T,C] and image [B,C,h/2,w/2]."""
        image = pooled + self.pool_prompts(prompts.dense)
        batch, channels = image.shape[:2]
        height, width = int(image.shape[2]), int(image.shape[3])
        output_tokens = torch.cat([self.iou_token, self.mask_tokens])[None]
        output_tokens = output_tokens.expand(batch, -1, -1)
        tokens = torch.cat([output_tokens, prompts.tokens, prompt_tokens], dim=1)
        bias = torch.cat(
            [
                torch.zeros_like(output_tokens[..., 0]),
                prompts.token_bias,
                torch.zeros_like(prompt_tokens[..., 0]),
            ],
            dim=1,
        )[:, None, None]
        image_pe = self.position.grid(height, width).to(image)
        flat = image.flatten(2).transpose(1, 2)
        tokens, flat = self.transformer(tokens, flat, image_pe, bias)
        return tokens, flat.transpose(1, 2).reshape(batch, channels, height, width)

    def _mask_features(self, seen: Tensor, image: PreparedImage, prompts: EncodedPrompts) -> Tensor:
        """Climb from stride 16 to 4, adding what the encoder and the prompts know there."""
        eighth = torch.relu(self.raise_to_8(seen) + image.lateral_8 + prompts.dense)
        eighth = torch.relu(eighth + self.mix_8(eighth))
        quarter = torch.relu(self.raise_to_4(eighth) + image.lateral_4 + prompts.fine)
        return quarter + self.mix_4(quarter)

    def _predict_iou(
        self, iou_out: Tensor, mask_out: Tensor, logits: Tensor, features: Tensor
    ) -> Tensor:
        """Judge each mask by its token and by what it looks like: size, sureness, content."""
        batch, count = mask_out.shape[:2]
        logits, features = logits.detach(), features.detach()
        sure = torch.sigmoid(logits).reshape(batch, count, self.SUBPIXELS, -1)
        area = sure.mean(dim=(2, 3))
        certainty = (sure - 0.5).abs().mean(dim=(2, 3)) * 2
        inside = sure.mean(dim=2)
        total = inside.sum(dim=2) + 1e-3
        firmness = (sure * sure).mean(dim=2).sum(dim=2) / total
        content = inside @ features.flatten(2).transpose(1, 2) / total[..., None]
        statistics = torch.stack([area, certainty, firmness], dim=2)
        judged = torch.cat([mask_out, iou_out.expand(-1, count, -1), statistics, content], dim=2)
        return torch.sigmoid(self.iou_prediction_head(judged)[..., 0])
