"""The yardstick: a decoder of SAM's size (256 channels, 64 x 64 grid) as an official-style graph.

Random weights: only its speed is of interest. Structure after Kirillov et al. 2023, appendix A:
prompt encoder, two-way transformer of depth 2, upscaling by four, hyper-networks, and the
upscaling to image size inside the graph, as the official ONNX export has it.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DIM, GRID, HEADS, MLP, SIZE = 256, 64, 8, 2048, 1024


class Attention(nn.Module):
    """Multi-head attention with an inner width, B x N x DIM in and out."""

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(DIM, inner) for _ in range(3))
        self.out = nn.Linear(inner, DIM)

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, HEADS, x.shape[-1] // HEADS).transpose(1, 2)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = self.split(self.q(q)), self.split(self.k(k)), self.split(self.v(v))
        weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Self-attention, tokens to image, MLP, image to tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attention = Attention(DIM)
        self.to_image, self.to_tokens = Attention(DIM // 2), Attention(DIM // 2)
        self.mlp = nn.Sequential(nn.Linear(DIM, MLP), nn.ReLU(), nn.Linear(MLP, DIM))
        self.norms = nn.ModuleList(nn.LayerNorm(DIM) for _ in range(4))

    def forward(
        self, tokens: Tensor, image: Tensor, first: Tensor, pe: Tensor
    ) -> tuple[Tensor, Tensor]:
        q = tokens + first
        tokens = self.norms[0](tokens + self.self_attention(q, q, tokens))
        tokens = self.norms[1](tokens + self.to_image(tokens + first, image + pe, image))
        tokens = self.norms[2](tokens + self.mlp(tokens))
        image = self.norms[3](image + self.to_tokens(image + pe, tokens + first, tokens))
        return tokens, image


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of B x C x H x W."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.ones(channels)),
            nn.Parameter(torch.zeros(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(1, keepdim=True)
        centred = x - mean
        x = centred / torch.sqrt((centred * centred).mean(1, keepdim=True) + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


def mlp(out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(DIM, DIM), nn.ReLU(), nn.Linear(DIM, DIM), nn.ReLU(), nn.Linear(DIM, out)
    )


class SamSizedDecoder(nn.Module):
    """Prompts and one embedding in; four masks at image size, scores and low-res logits out."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gaussian", torch.randn(2, DIM // 2))
        self.point_kinds = nn.Embedding(4, DIM)
        self.not_a_point, self.no_mask = nn.Embedding(1, DIM), nn.Embedding(1, DIM)
        self.mask_branch = nn.Sequential(
            nn.Conv2d(1, 4, 2, 2), ChannelNorm(4), nn.GELU(), nn.Conv2d(4, 16, 2, 2),
            ChannelNorm(16), nn.GELU(), nn.Conv2d(16, DIM, 1),
        )  # fmt: skip
        self.tokens = nn.Embedding(5, DIM)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.final, self.final_norm = Attention(DIM // 2), nn.LayerNorm(DIM)
        self.upscale = nn.Sequential(
            nn.ConvTranspose2d(DIM, DIM // 4, 2, 2), ChannelNorm(DIM // 4), nn.GELU(),
            nn.ConvTranspose2d(DIM // 4, DIM // 8, 2, 2), nn.GELU(),
        )  # fmt: skip
        self.hyper = nn.ModuleList(mlp(DIM // 8) for _ in range(4))
        self.scores = mlp(4)

    def encode(self, unit: Tensor) -> Tensor:
        angles = (2 * unit - 1) @ self.gaussian * (2 * math.pi)
        return torch.cat([angles.sin(), angles.cos()], -1)

    def forward(
        self, image_embeddings: Tensor, point_coords: Tensor, point_labels: Tensor,
        mask_input: Tensor, has_mask_input: Tensor, orig_im_size: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        points = self.encode((point_coords + 0.5) / SIZE)
        points = points * (point_labels != -1).unsqueeze(-1)
        points = points + self.not_a_point.weight * (point_labels == -1).unsqueeze(-1)
        for kind in range(4):
            points = points + self.point_kinds.weight[kind] * (point_labels == kind).unsqueeze(-1)
        dense = has_mask_input * self.mask_branch(mask_input)
        dense = dense + (1 - has_mask_input) * self.no_mask.weight.reshape(1, -1, 1, 1)
        line = (torch.arange(GRID, dtype=torch.float32) + 0.5) / GRID
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(1, -1, 2)
        pe = self.encode(grid)
        image = (image_embeddings + dense).flatten(2).transpose(1, 2)
        first = torch.cat([self.tokens.weight.unsqueeze(0), points], 1)
        tokens = first
        for block in self.blocks:
            tokens, image = block(tokens, image, first, pe)
        tokens = self.final_norm(tokens + self.final(tokens + first, image + pe, image))
        maps = self.upscale(image.transpose(1, 2).reshape(1, DIM, GRID, GRID))
        vectors = torch.stack([net(tokens[:, 1 + i]) for i, net in enumerate(self.hyper)], 1)
        low = (vectors @ maps.flatten(2)).reshape(1, 4, 4 * GRID, 4 * GRID)
        masks = F.interpolate(low, (SIZE, SIZE), mode="bilinear", align_corners=False)
        scale = SIZE / orig_im_size.max()
        height, width = ((orig_im_size * scale) + 0.5).to(torch.int64)
        masks = masks[..., :height, :width]
        height, width = orig_im_size.to(torch.int64)
        masks = F.interpolate(masks, (height, width), mode="bilinear", align_corners=False)
        return masks, self.scores(tokens[:, 0]), low


def export(path: Path) -> Path:
    """Write the graph as ONNX, opset 17."""
    torch.manual_seed(0)
    inputs = (
        torch.randn(1, DIM, GRID, GRID), torch.zeros(1, 2, 2), torch.tensor([[1.0, -1.0]]),
        torch.zeros(1, 1, 4 * GRID, 4 * GRID), torch.zeros(1), torch.tensor([683.0, 1024.0]),
    )  # fmt: skip
    names = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input",
             "orig_im_size"]  # fmt: skip
    torch.onnx.export(
        SamSizedDecoder().eval(), inputs, str(path), opset_version=17, input_names=names,
        output_names=["masks", "iou_predictions", "low_res_masks"], dynamo=False,
        dynamic_axes={"point_coords": {1: "n"}, "point_labels": {1: "n"}},
    )  # fmt: skip
    return path
