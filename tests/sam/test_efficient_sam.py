"""EfficientSAM: names, sizes, and what its decoder does otherwise than SAM's."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from workers.sam.families import build  # noqa: E402
from workers.sam.families.base import WrongCheckpoint  # noqa: E402
from workers.sam.families.efficient_sam_decoder import TwoWayBlock  # noqa: E402


def pair(name: str) -> set[str]:
    return {f"{name}.weight", f"{name}.bias"}


def official_keys() -> set[str]:
    """The names of the published state dict, spelled from its source code."""
    encoder = "image_encoder"
    keys = {f"{encoder}.pos_embed", f"{encoder}.neck.0.weight", f"{encoder}.neck.2.weight"}
    keys |= pair(f"{encoder}.patch_embed.proj") | pair(f"{encoder}.neck.1")
    keys |= pair(f"{encoder}.neck.3")
    for block in range(12):
        for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"):
            keys |= pair(f"{encoder}.blocks.{block}.{part}")
    prompt = "prompt_encoder"
    keys |= {f"{prompt}.pe_layer.positional_encoding_gaussian_matrix"}
    for kind in ("invalid_points", "point_embeddings", "bbox_top_left_embeddings"):
        keys |= {f"{prompt}.{kind}.weight"}
    keys |= {f"{prompt}.bbox_bottom_right_embeddings.weight"}
    decoder, two_way = "mask_decoder", "mask_decoder.transformer"
    attentions = [f"{two_way}.final_attn_token_to_image"]
    for layer in range(2):
        for kind in ("self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token"):
            attentions.append(f"{two_way}.layers.{layer}.{kind}")
        for part in ("norm1", "norm2", "norm3", "norm4", "mlp.layers.0.0", "mlp.fc"):
            keys |= pair(f"{two_way}.layers.{layer}.{part}")
    for attention in attentions:
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            keys |= pair(f"{attention}.{projection}")
    keys |= pair(f"{two_way}.norm_final_attn")
    keys |= {f"{decoder}.iou_token.weight", f"{decoder}.mask_tokens.weight"}
    for part in ("0.0", "0.1", "1.0"):
        keys |= pair(f"{decoder}.final_output_upscaling_layers.{part}")
    heads = [f"{decoder}.output_hypernetworks_mlps.{mask}" for mask in range(4)]
    for head in [*heads, f"{decoder}.iou_prediction_head"]:
        keys |= pair(f"{head}.layers.0.0") | pair(f"{head}.layers.1.0") | pair(f"{head}.fc")
    return keys


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(0)
    return build("efficient-sam-ti", input_size=128, depth=2).eval()


def decoded(model: Any, points: list[tuple[float, float, float]]) -> Any:
    torch.manual_seed(1)
    embedding = (torch.randn(1, 256, 8, 8),)
    given = torch.tensor(points)[None]
    with torch.no_grad():
        return model.decode(embedding, given[..., :2], given[..., 2])


POINTS = [(20.0, 30.0, 1.0), (90.0, 40.0, 0.0), (60.0, 100.0, 1.0)]


@pytest.mark.parametrize(
    ("name", "encoder", "total"),
    [("efficient-sam-ti", 6_163_840, 10_223_204), ("efficient-sam-s", 22_353_664, 26_413_028)],
)
def test_names_and_sizes_are_the_published_ones(name: str, encoder: int, total: int) -> None:
    made = build(name)
    assert sum(weight.numel() for weight in made.image_encoder.parameters()) == encoder
    assert sum(weight.numel() for weight in made.parameters()) == total
    assert set(made.state_dict()) == official_keys()
    assert made.state_dict()["image_encoder.pos_embed"].shape[1] == 1 + 14 * 14
    assert made.spec.embedding == (("image_embeddings", (1, 256, 64, 64)),)
    assert made.spec.preprocessing.resize == "stretch"


def test_an_official_checkpoint_loads_from_under_model(model: Any) -> None:
    fresh = build("efficient-sam-ti", input_size=128, depth=2)
    fresh.load_official({"model": model.state_dict()})
    assert all(
        torch.equal(value, model.state_dict()[name]) for name, value in fresh.state_dict().items()
    )


def test_the_weights_of_another_size_are_refused_in_words(model: Any) -> None:
    other = build("efficient-sam-s", input_size=128, depth=2)
    with pytest.raises(WrongCheckpoint, match=r"has other sizes: .* instead of "):
        model.load_official(other.state_dict())
    with pytest.raises(WrongCheckpoint, match=r"lacks image_encoder\.blocks\.0"):
        model.load_official({"mask_decoder.iou_token.weight": torch.zeros(1, 256)})


def test_masks_come_at_four_times_the_grid(model: Any) -> None:
    masks, ious = decoded(model, POINTS)
    assert masks.shape == (1, 4, 32, 32) and ious.shape == (1, 4)
    assert masks.std() > 0


@pytest.mark.parametrize("count", [1, 3, 6])
def test_one_weighted_filler_equals_the_published_six_points(model: Any, count: int) -> None:
    """The published code fills up to six points at (-1, -1), labelled -1."""
    points = [(20.0 * n, 100 - 15.0 * n, float(n % 2)) for n in range(count)]
    found, found_ious = decoded(model, points)
    torch.manual_seed(1)
    image = torch.randn(1, 256, 8, 8)
    prompt = model.prompt_encoder
    with torch.no_grad():
        given = torch.tensor(points)[None]
        tokens = prompt.pe_layer((given[..., :2] + 0.5) / 128)
        tokens = tokens + (given[..., 2:] == 1) * prompt.point_embeddings.weight
        filler = prompt.pe_layer(torch.full((1, 1, 2), -0.5) / 128) + prompt.invalid_points.weight
        six = torch.cat([tokens, *[filler] * (6 - count)], 1)
        masks, ious = model.mask_decoder(image, prompt.grid(8, 8), six, torch.zeros(1, 6))
    assert (masks - found).abs().max() < 1e-5 * masks.std()
    assert torch.allclose(ious, found_ious, atol=1e-5)


def test_padding_points_change_nothing(model: Any) -> None:
    plain, _ = decoded(model, POINTS)
    padded, _ = decoded(model, [*POINTS, (0.0, 0.0, -1.0), (7.0, 9.0, -1.0)])
    assert (plain - padded).abs().max() < 1e-5 * plain.std()


def test_more_than_six_points_are_all_heard(model: Any) -> None:
    points = [(15.0 * n, 120 - 15.0 * n, 1.0) for n in range(7)]
    seven, _ = decoded(model, points)
    moved, _ = decoded(model, [*points[:6], (3.0, 5.0, 0.0)])
    assert (seven - moved).abs().max() > 1e-3 * seven.std()


def test_a_click_a_box_and_a_learned_token_each_change_the_masks(model: Any) -> None:
    embedding = (torch.randn(1, 256, 8, 8),)
    coords = torch.tensor([[[20.0, 30.0], [90.0, 100.0]]])
    with torch.no_grad():
        answers = [
            model.decode(embedding, coords, torch.tensor([labels]), token)[0]
            for labels, token in (
                ([1.0, 0.0], None),
                ([1.0, 1.0], None),
                ([2.0, 3.0], None),
                ([2.0, 3.0], torch.randn(1, 1, 256)),
            )
        ]
    for n, one in enumerate(answers):
        for other in answers[n + 1 :]:
            assert (one - other).abs().max() > 1e-3 * one.std()


def test_a_two_way_block_keeps_what_it_reads() -> None:
    """The published block differs from SAM's: a residual in the first layer too, and the prompt
    added to the residual in the second."""
    torch.manual_seed(0)
    tokens, prompt = torch.randn(1, 3, 16), torch.randn(1, 3, 16)
    image, grid = torch.randn(1, 9, 16), torch.randn(1, 9, 16)
    none = torch.zeros(1, 3)
    for first in (True, False):
        block = TwoWayBlock(16, first).eval()
        with torch.no_grad():
            read = tokens if first else tokens + prompt
            t = block.norm1(read + block.self_attn(read, read, read))
            t = block.norm2(t + block.cross_attn_token_to_image(t + prompt, image + grid, image))
            t = block.norm3(t + block.mlp(t))
            told = block.cross_attn_image_to_token(image + grid, t + prompt, t)
            found = block(tokens, image, prompt, grid, none)
        assert torch.allclose(found[0], t, atol=1e-5)
        assert torch.allclose(found[1], block.norm4(image + told), atol=1e-5)


def test_positions_at_the_grid_of_pre_training_are_the_table_itself(model: Any) -> None:
    encoder = model.image_encoder
    with torch.no_grad():
        same, wider = encoder.positions(14, 14), encoder.positions(28, 28)
    assert torch.allclose(same[0, :, 2, 3], encoder.pos_embed[0, 1 + 2 * 14 + 3], atol=1e-6)
    assert wider.shape == (1, 192, 28, 28)
