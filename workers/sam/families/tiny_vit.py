"""TinyViT-5M (Wu et al. 2022, arXiv 2207.10666) as MobileSAM uses it (Zhang et al. 2023,
arXiv 2306.14289).

A convolution stem to stride 4, one stage of inverted bottlenecks, three stages of attention in
windows with a depthwise convolution between attention and MLP, and SAM's neck. Between the last two
stages the grid is kept (stride 1), so that the output has SAM's stride of 16.

Module names are those of the official checkpoint (`image_encoder.` in front). C channels, h and w
the sides of a stage's grid, W a window's side.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.attention import attend
from workers.sam.families.sam import neck

EXPANSION = 4  # of the inverted bottlenecks and of the MLPs
NORM_EPS = 1e-6  # of the neck


class ConvNorm(nn.Sequential):
    """A convolution without bias, then batch norm: `c` and `bn`."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.c = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)


class PatchEmbed(nn.Module):
    """Two convolutions of stride 2: image [B,3,S,S] -> [B,C,S/4,S/4]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.seq = nn.Sequential(ConvNorm(3, half, 3, 2), nn.GELU(), ConvNorm(half, channels, 3, 2))

    def forward(self, image: Tensor) -> Tensor:
        """Embed."""
        return self.seq(image)


class MBConv(nn.Module):
    """An inverted bottleneck: widen, look around, narrow, add, and only then the activation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = EXPANSION * channels
        self.conv1 = ConvNorm(channels, wide)
        self.conv2 = ConvNorm(wide, wide, 3, groups=wide)
        self.conv3 = ConvNorm(wide, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,h,w] -> the same."""
        wide = functional.gelu(self.conv2(functional.gelu(self.conv1(x))))
        return functional.gelu(self.conv3(wide) + x)


class PatchMerging(nn.Module):
    """Between stages: other channels, and half the grid where `stride` is 2."""

    def __init__(self, channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, out_channels)
        self.conv2 = ConvNorm(out_channels, out_channels, 3, stride, groups=out_channels)
        self.conv3 = ConvNorm(out_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,h,w] -> [B,C',h/stride,w/stride]."""
        return self.conv3(functional.gelu(self.conv2(functional.gelu(self.conv1(x)))))


def bias_index(window: int) -> Tensor:
    """Which entry of the bias table two positions of a window share: [W*W, W*W], int64.

    The table has one entry for each pair (|dy|, |dx|), row by row.
    """
    y, x = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
    y, x = y.flatten(), x.flatten()
    return (y[:, None] - y).abs() * window + (x[:, None] - x).abs()


class WindowAttention(nn.Module):
    """Attention within windows, with a learned bias for each distance and head.

    `qkv` lays its outputs out head by head: q, k and v of the first head, then of the next.
    """

    bias_index: Tensor

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        self.attention_biases = nn.Parameter(torch.empty(heads, window * window))
        nn.init.trunc_normal_(self.attention_biases, std=0.02)
        self.register_buffer("bias_index", bias_index(window), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Windows [n, W*W, C] -> the same."""
        length, channels = int(x.shape[1]), int(x.shape[2])
        qkv = self.qkv(self.norm(x)).reshape(-1, length, self.heads, 3, channels // self.heads)
        q, k, v = qkv.permute(3, 0, 2, 1, 4).unbind(0)
        x = attend(q, k, v, self.attention_biases[:, self.bias_index])
        return self.proj(x.transpose(1, 2).reshape(-1, length, channels))


class Mlp(nn.Module):
    """The normalised MLP of a block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.fc1 = nn.Linear(channels, EXPANSION * channels)
        self.fc2 = nn.Linear(EXPANSION * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[...,C] -> the same."""
        return self.fc2(functional.gelu(self.fc1(self.norm(x))))


def to_windows(x: Tensor, window: int) -> Tensor:
    """[B,h,w,C] -> [B*n, W*W, C]: padded with zeros at the bottom and right, then cut."""
    height, width, channels = (int(side) for side in x.shape[1:])
    x = functional.pad(x, (0, 0, 0, -width % window, 0, -height % window))
    rows, columns = -(-height // window), -(-width // window)
    x = x.reshape(-1, rows, window, columns, window, channels).transpose(2, 3)
    return x.reshape(-1, window * window, channels)


def from_windows(x: Tensor, window: int, height: int, width: int) -> Tensor:
    """The inverse of `to_windows`: [B*n, W*W, C] -> [B,h,w,C]."""
    channels = int(x.shape[-1])
    rows, columns = -(-height // window), -(-width // window)
    x = x.reshape(-1, rows, columns, window, window, channels).transpose(2, 3)
    return x.reshape(-1, rows * window, columns * window, channels)[:, :height, :width]


class Block(nn.Module):
    """Attention in windows, a depthwise convolution across their seams, an MLP."""

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(channels, heads, window)
        self.mlp = Mlp(channels)
        self.local_conv = ConvNorm(channels, channels, 3, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B,h,w,C] -> the same. Padding is added before the norm inside attention, as published:
        a padded position is not zero there but the norm's bias."""
        height, width = int(x.shape[1]), int(x.shape[2])
        seen = self.attn(to_windows(x, self.window))
        x = x + from_windows(seen, self.window, height, width)
        x = self.local_conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + self.mlp(x)


class ConvStage(nn.Module):
    """The first stage: inverted bottlenecks. [B,C,h,w] -> [B,C',h/2,w/2]."""

    def __init__(self, channels: int, depth: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(MBConv(channels) for _ in range(depth)))
        self.downsample = PatchMerging(channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Run the stage."""
        return self.downsample(self.blocks(x))


class AttentionStage(nn.Module):
    """A stage of attention blocks; without a stride it is the last. [B,C,h,w] -> [B,C',h',w']."""

    def __init__(
        self,
        channels: int,
        depth: int,
        heads: int,
        window: int,
        out_channels: int,
        stride: int | None,
    ) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(Block(channels, heads, window) for _ in range(depth)))
        self.downsample = PatchMerging(channels, out_channels, stride) if stride else None

    def forward(self, x: Tensor) -> Tensor:
        """Run the stage."""
        x = self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.downsample(x) if self.downsample is not None else x


class TinyViT(nn.Module):
    """image [B,3,S,S] -> [B,256,S/16,S/16]."""

    STRIDES = (2, 2, 1)  # after the first, second and third stage

    def __init__(
        self,
        channels: tuple[int, ...] = (64, 128, 160, 320),
        depths: tuple[int, ...] = (2, 2, 6, 2),
        heads: tuple[int, ...] = (2, 4, 5, 10),
        windows: tuple[int, ...] = (7, 7, 14, 7),
    ) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(channels[0])
        stages: list[nn.Module] = [ConvStage(channels[0], depths[0], channels[1], self.STRIDES[0])]
        for at in range(1, len(channels)):
            last = at == len(channels) - 1
            stages.append(
                AttentionStage(
                    channels[at],
                    depths[at],
                    heads[at],
                    windows[at],
                    channels[at] if last else channels[at + 1],
                    None if last else self.STRIDES[at],
                )
            )
        self.layers = nn.ModuleList(stages)
        self.neck = neck(channels[-1], NORM_EPS)

    def forward(self, image: Tensor) -> Tensor:
        """Encode a normalised, padded image."""
        x = self.patch_embed(image)
        for stage in self.layers:
            x = stage(x)
        return self.neck(x)
