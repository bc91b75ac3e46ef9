"""The image encoder: what is computed once for an image, ahead of any click."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.small.config import SamConfig
from workers.sam.families.small.position import PositionEncoding
from workers.sam.families.small.transformer import MLP, Attention


class LayerNorm2d(nn.Module):
    """Layer normalisation over the channels of an image: [B,C,h,w] -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,h,w] -> [B,C,h,w]."""
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def conv_norm(inputs: int, outputs: int, stride: int = 1, silent: bool = False) -> nn.Sequential:
    """A 3x3 convolution with batch norm, which exporting folds away; `silent` starts at zero."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    norm = nn.BatchNorm2d(outputs)
    nn.init.constant_(norm.weight, 0.0 if silent else 1.0)
    return nn.Sequential(conv, norm)


class ResidualBlock(nn.Module):
    """Two full 3x3 convolutions beside an identity (depthwise ones are slower on a CPU)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels)
        self.second = conv_norm(channels, channels, silent=True)  # the block starts as identity

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,h,w] -> the same."""
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class GlobalBlock(nn.Module):
    """A pre-norm transformer block over all positions of the coarsest grid."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = Attention(dim, heads, dim)
        self.mlp = MLP([dim, 3 * dim, dim])
        for last in (self.attn.out_proj, self.mlp.layers[-1]):  # the block starts as identity
            for parameter in last.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """[B,L,C] -> the same."""
        seen = self.norm1(x)
        x = x + self.attn(seen, seen, seen)
        return x + self.mlp(self.norm2(x))


class ImageEncoder(nn.Module):
    """image [B,3,S,S] -> image_embeddings [B,C,S/8,S/8], edge_embeddings [B,E,S/4,S/4]."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        half, quarter, eighth, coarse = config.encoder_channels
        counts = config.encoder_blocks
        self.stem = nn.Sequential(conv_norm(3, half, 2), nn.ReLU())
        self.stage4 = self._stage(half, quarter, counts[0])
        self.stage8 = self._stage(quarter, eighth, counts[1])
        self.stage16 = self._stage(eighth, coarse, counts[2])
        self.position = PositionEncoding(coarse)
        self.global_blocks = nn.ModuleList(
            GlobalBlock(coarse, config.encoder_heads)
            for _ in range(config.encoder_attention_layers)
        )
        dim, edge = config.embed_dim, config.edge_dim
        self.from_coarse = nn.Conv2d(coarse, dim, 1)
        self.from_eighth = nn.Conv2d(eighth, dim, 1)
        self.neck = nn.Conv2d(dim, dim, 3, padding=1)
        self.neck_norm = LayerNorm2d(dim)
        self.edge_from_half = nn.Conv2d(half, edge, 2, stride=2)
        self.edge_from_quarter = nn.Conv2d(quarter, edge, 1)
        self.edge_norm = LayerNorm2d(edge)

    @staticmethod
    def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
        down = [conv_norm(inputs, outputs, 2), nn.ReLU()]
        return nn.Sequential(*down, *(ResidualBlock(outputs) for _ in range(blocks)))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised, zero-padded float image in model space."""
        half = self.stem(image)
        quarter = self.stage4(half)
        eighth = self.stage8(quarter)
        coarse = self.stage16(eighth)
        height, width = int(coarse.shape[2]), int(coarse.shape[3])
        tokens = coarse.flatten(2).transpose(1, 2)
        tokens = tokens + self.position.grid(height, width).to(tokens)
        for block in self.global_blocks:
            tokens = block(tokens)
        coarse = tokens.transpose(1, 2).reshape(coarse.shape)
        raised = functional.interpolate(self.from_coarse(coarse), scale_factor=2.0, mode="nearest")
        fused = torch.relu(raised + self.from_eighth(eighth))
        embeddings = self.neck_norm(fused + self.neck(fused))
        edges = self.edge_norm(self.edge_from_half(half) + self.edge_from_quarter(quarter))
        return embeddings, edges
