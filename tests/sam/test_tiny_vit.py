"""TinyViT block by block, against the paper and against plain loops."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from torch import nn  # noqa: E402

from workers.sam.families.attention import plain_attention  # noqa: E402
from workers.sam.families.encoder_graph import fold_batch_norms  # noqa: E402
from workers.sam.families.tiny_vit import (  # noqa: E402
    Block,
    ConvNorm,
    MBConv,
    PatchMerging,
    TinyViT,
    WindowAttention,
    bias_index,
    from_windows,
    to_windows,
)


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


def used(module: nn.Module) -> nn.Module:
    """The module as training would leave it: no norm is the identity."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
        if isinstance(part, nn.BatchNorm2d | nn.LayerNorm):
            part.weight.uniform_(0.5, 1.5)
            part.bias.normal_(0, 0.3)
    return module.eval()


def test_the_encoder_has_the_published_size_and_keeps_sams_grid() -> None:
    encoder = TinyViT().eval()
    assert sum(weight.numel() for weight in encoder.parameters()) == 5_743_892
    assert encoder(torch.randn(2, 3, 256, 256)).shape == (2, 256, 16, 16)


def test_two_positions_share_a_bias_exactly_when_their_distances_are_the_same() -> None:
    window = 3
    index = bias_index(window)
    spots = list(product(range(window), range(window)))
    for (one, (y0, x0)), (other, (y1, x1)) in product(enumerate(spots), enumerate(spots)):
        assert index[one, other] == abs(y0 - y1) * window + abs(x0 - x1)
    # The published code numbers distances as they first appear; from the first position's row
    # that is their order in the window.
    assert index[0].tolist() == list(range(window * window))


@pytest.mark.parametrize(("height", "width"), [(14, 14), (16, 9), (3, 7)])
def test_what_is_cut_into_windows_comes_back(height: int, width: int) -> None:
    image = torch.randn(2, height, width, 5)
    windows = to_windows(image, 7)
    assert windows.shape == (2 * -(-height // 7) * -(-width // 7), 49, 5)
    assert torch.equal(from_windows(windows, 7, height, width), image)


def test_a_window_holds_neighbours_and_is_padded_below_and_right() -> None:
    image = torch.arange(1.0, 21).reshape(1, 4, 5, 1)
    first, second, third, fourth = to_windows(image, 3)[..., 0].reshape(4, 3, 3)
    assert first.tolist() == [[1, 2, 3], [6, 7, 8], [11, 12, 13]]
    assert second.tolist() == [[4, 5, 0], [9, 10, 0], [14, 15, 0]]
    assert third.tolist() == [[16, 17, 18], [0, 0, 0], [0, 0, 0]]
    assert fourth.tolist() == [[19, 20, 0], [0, 0, 0], [0, 0, 0]]


def test_attention_is_softmax_of_scaled_products_and_the_bias_of_the_distance() -> None:
    heads, window, channels, width = 2, 2, 6, 3
    attention = used(WindowAttention(channels, heads, window))
    x = torch.randn(3, window * window, channels)
    qkv = attention.qkv(attention.norm(x))
    out = torch.zeros_like(x)
    for n, head in product(range(3), range(heads)):
        q, k, v = qkv[n, :, head * 3 * width : (head + 1) * 3 * width].split(width, 1)
        scores = q @ k.T / width**0.5
        for i, j in product(range(4), range(4)):
            distance = abs(i // 2 - j // 2) * 2 + abs(i % 2 - j % 2)
            scores[i, j] += attention.attention_biases[head, distance]
        out[n, :, head * width : (head + 1) * width] = scores.softmax(1) @ v
    assert torch.allclose(attention(x), attention.proj(out), atol=1e-5)
    with plain_attention():
        assert torch.allclose(attention(x), attention.proj(out), atol=1e-5)


def test_a_block_attends_convolves_across_the_seams_and_adds_an_mlp() -> None:
    block = used(Block(8, 2, 4))
    x = torch.randn(1, 8, 8, 8)
    seen = x + from_windows(block.attn(to_windows(x, 4)), 4, 8, 8)
    mixed = block.local_conv(seen.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    hidden = nn.functional.gelu(block.mlp.fc1(block.mlp.norm(mixed)))
    assert torch.allclose(block(x), mixed + block.mlp.fc2(hidden), atol=1e-5)


def test_a_padded_position_is_seen_as_the_norms_bias_not_as_nothing() -> None:
    block = used(Block(8, 2, 4))
    x = torch.randn(1, 4, 3, 8)  # one window, its last column padded
    seen = from_windows(block.attn(to_windows(x, 4)), 4, 4, 3)
    without = block.attn.norm.bias.clone()
    block.attn.norm.bias.zero_()
    assert not torch.allclose(from_windows(block.attn(to_windows(x, 4)), 4, 4, 3), seen, atol=1e-3)
    block.attn.norm.bias.copy_(without)


def test_a_bottleneck_adds_before_its_last_activation() -> None:
    block = used(MBConv(4))
    x = torch.randn(1, 4, 5, 5)
    gelu = nn.functional.gelu
    expected = gelu(x + block.conv3(gelu(block.conv2(gelu(block.conv1(x))))))
    assert block.conv2.c.groups == block.conv2.c.out_channels == 16
    assert torch.allclose(block(x), expected, atol=1e-6)


@pytest.mark.parametrize(("stride", "side"), [(2, 4), (1, 8)])
def test_merging_halves_the_grid_except_before_the_last_stage(stride: int, side: int) -> None:
    merging = PatchMerging(6, 10, stride).eval()
    assert merging(torch.randn(1, 6, 8, 8)).shape == (1, 10, side, side)
    strides = [stage.downsample.conv2.c.stride[0] for stage in list(TinyViT().layers)[:3]]
    assert strides == [2, 2, 1]


def test_folding_the_batch_norms_changes_no_answer_and_not_the_model() -> None:
    encoder = used(TinyViT())
    image = torch.randn(1, 3, 64, 64)
    expected, keys = encoder(image), set(encoder.state_dict())
    folded = fold_batch_norms(encoder)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
    assert torch.allclose(folded(image), expected, atol=1e-4)
    assert set(encoder.state_dict()) == keys and torch.equal(encoder(image), expected)


def test_a_lone_pair_folds_to_the_textbook_formula() -> None:
    pair = used(nn.Sequential(ConvNorm(3, 4, 3)))
    conv, norm = pair[0].c, pair[0].bn
    folded = fold_batch_norms(pair)[0]
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    assert torch.allclose(folded.weight, conv.weight * scale[:, None, None, None], atol=1e-6)
    assert torch.allclose(folded.bias, norm.bias - norm.running_mean * scale, atol=1e-6)
