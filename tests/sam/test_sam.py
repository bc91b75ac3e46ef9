"""SAM and HQ-SAM as promptable models: what prompts mean, and which checkpoints they take."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from workers.sam.preprocess import image_to_model, preprocess

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from workers.sam.families import VARIANTS, build  # noqa: E402
from workers.sam.families.base import WrongCheckpoint  # noqa: E402

TINY = {"dim": 48, "depth": 2, "heads": 3, "global_blocks": (1,), "input_size": 256}
FAMILIES = ["sam-vit-b", "hq-sam-vit-b"]

COORDS = torch.tensor([[[40.0, 50.0], [200.0, 180.0], [100.0, 90.0], [30.0, 220.0]]])
BOX_AND_POINTS = torch.tensor([[2.0, 3.0, 1.0, 0.0]])
POINTS = torch.tensor([[1.0, 0.0, 1.0, 0.0]])


def tiny(name: str, **changes: Any) -> Any:
    torch.manual_seed(0)
    model = build(name, **{**TINY, **changes}).eval()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "rel_pos" in parameter_name or "pos_embed" in parameter_name:
                parameter.normal_()
    return model


@pytest.fixture(scope="module", params=FAMILIES)
def model(request: pytest.FixtureRequest) -> Any:
    return tiny(request.param)


@pytest.fixture(scope="module")
def embedding(model: Any, photograph: np.ndarray) -> Any:
    with torch.inference_mode():
        return model.encode(torch.from_numpy(preprocess(photograph, 256))[None])


def assert_same(one: tuple[Any, Any], other: tuple[Any, Any]) -> None:
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5 * float(a.std()))


def differs(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return bool((one[0] - other[0]).abs().max() > 1e-2 * one[0].std())


# --- what a prompt means


@pytest.mark.parametrize("labels", [POINTS, BOX_AND_POINTS], ids=["points", "box and points"])
@torch.inference_mode()
def test_padding_points_change_nothing(model: Any, embedding: Any, labels: Any) -> None:
    plain = model.decode(embedding, COORDS, labels)
    for where in (0, 2, 4):
        coords = torch.cat([COORDS[:, :where], torch.full((1, 3, 2), 77.0), COORDS[:, where:]], 1)
        padded = torch.cat([labels[:, :where], -torch.ones(1, 3), labels[:, where:]], 1)
        assert_same(plain, model.decode(embedding, coords, padded))


@pytest.mark.parametrize("labels", [POINTS, BOX_AND_POINTS], ids=["points", "box and points"])
@torch.inference_mode()
def test_the_order_of_box_and_points_does_not_matter(
    model: Any, embedding: Any, labels: Any
) -> None:
    plain = model.decode(embedding, COORDS, labels)
    for order in ([3, 2, 1, 0], [2, 0, 3, 1]):
        assert_same(plain, model.decode(embedding, COORDS[:, order], labels[:, order]))


@torch.inference_mode()
def test_what_is_clicked_and_how_matters(model: Any, embedding: Any) -> None:
    plain = model.decode(embedding, COORDS, POINTS)
    assert differs(plain, model.decode(embedding, COORDS + 20, POINTS))
    assert differs(plain, model.decode(embedding, COORDS, 1 - POINTS))
    assert differs(plain, model.decode(embedding, COORDS, BOX_AND_POINTS))


@torch.inference_mode()
def test_a_batch_of_prompts_says_the_same_as_one_by_one(model: Any, embedding: Any) -> None:
    """With and without a box side by side: SAM's own padding is decided for each prompt."""
    coords = torch.cat([COORDS, COORDS + 10, COORDS.flip(1)])
    labels = torch.cat([POINTS, BOX_AND_POINTS, -torch.ones(1, 4)])
    together = model.decode(embedding, coords, labels)
    for i in range(3):
        alone = model.decode(embedding, coords[i : i + 1], labels[i : i + 1])
        assert_same(alone, tuple(part[i : i + 1] for part in together))


@torch.inference_mode()
def test_each_prompt_of_a_batch_may_have_its_own_image(model: Any, embedding: Any) -> None:
    several = tuple(torch.cat([part, part.flip(-1)]) for part in embedding)
    together = model.decode(several, COORDS.repeat(2, 1, 1), POINTS.repeat(2, 1))
    for i in range(2):
        alone = model.decode(tuple(part[i : i + 1] for part in several), COORDS, POINTS)
        assert_same(alone, tuple(part[i : i + 1] for part in together))


@torch.inference_mode()
def test_learned_tokens_count_and_none_are_no_tokens(model: Any, embedding: Any) -> None:
    plain = model.decode(embedding, COORDS, POINTS)
    assert_same(plain, model.decode(embedding, COORDS, POINTS, torch.zeros(1, 0, 256)))
    assert differs(plain, model.decode(embedding, COORDS, POINTS, torch.ones(1, 2, 256)))


@torch.inference_mode()
def test_learned_tokens_alone_are_a_prompt(model: Any, embedding: Any) -> None:
    no_points = torch.zeros(1, 0, 2), torch.zeros(1, 0)
    masks, ious = model.decode(embedding, *no_points, torch.randn(1, 1, 256))
    assert masks.isfinite().all() and ious.isfinite().all()


@torch.inference_mode()
def test_a_previous_mask_counts_only_where_it_is_said_to(model: Any, embedding: Any) -> None:
    coords, labels = COORDS.repeat(2, 1, 1), POINTS.repeat(2, 1)
    previous = 5 * torch.randn(2, 1, 64, 64)
    previous[1] = float("nan")
    masks, ious = model.decode(
        embedding, coords, labels, mask_input=previous, has_mask_input=torch.tensor([1.0, 0.0])
    )
    plain = model.decode(embedding, COORDS, POINTS)
    assert differs(plain, (masks[:1], ious[:1]))
    assert_same(plain, (masks[1:], ious[1:]))


# --- from a picture to masks


@pytest.mark.parametrize("height, width", [(1, 1), (1, 900), (900, 1), (90, 120)])
@torch.inference_mode()
def test_pictures_of_any_shape_are_encoded_and_decoded(model: Any, height: int, width: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    embedding = model.encode(torch.from_numpy(preprocess(picture, 256))[None])
    for (_, shape), part in zip(model.spec.embedding, embedding, strict=True):
        assert tuple(part.shape) == shape
        assert part.isfinite().all()
    centre = image_to_model(np.array([[[width / 2, height / 2]]]), (width, height), 256)
    masks, ious = model.decode(embedding, torch.from_numpy(centre), torch.ones(1, 1))
    side, count = model.spec.low_res_size, len(model.spec.candidates)
    assert masks.shape == (1, count, side, side) and masks.isfinite().all()
    assert ious.shape == (1, count) and ious.isfinite().all()


@torch.inference_mode()
def test_a_batch_of_pictures_is_encoded_as_one_by_one(model: Any) -> None:
    pictures = torch.randn(2, 3, 256, 256)
    together = model.encode(pictures)
    for i in range(2):
        alone = model.encode(pictures[i : i + 1])
        assert_same(alone, tuple(part[i : i + 1] for part in together))


@torch.inference_mode()
def test_folded_relative_positions_are_exact() -> None:
    biased = tiny("sam-vit-b", depth=3, global_blocks=(1,))
    folded = tiny("sam-vit-b", depth=3, global_blocks=(1,), folded_positions=True)
    folded.load_official(biased.state_dict())
    picture = torch.randn(2, 3, 256, 256)
    assert_same(biased.double().encode(picture.double()), folded.double().encode(picture.double()))
    assert_same(biased.float().encode(picture), folded.float().encode(picture))


@torch.inference_mode()
def test_relative_positions_follow_their_definition() -> None:
    """One attention, written out query by query and key by key."""
    from workers.sam.families.sam import RelativeAttention

    torch.manual_seed(0)
    attention = RelativeAttention(dim=8, heads=2, side=3, folded_positions=False).double()
    attention.rel_pos_h.normal_()
    attention.rel_pos_w.normal_()
    x = torch.randn(1, 3, 3, 8, dtype=torch.float64)
    q, k, v = attention.qkv(x).reshape(9, 3, 2, 4).unbind(1)  # [tokens,heads,D] each
    mixed = torch.zeros(9, 2, 4, dtype=torch.float64)
    for head in range(2):
        for i in range(9):
            scores = torch.stack(
                [
                    q[i, head] @ k[j, head] / 2
                    + q[i, head] @ attention.rel_pos_h[i // 3 - j // 3 + 2]
                    + q[i, head] @ attention.rel_pos_w[i % 3 - j % 3 + 2]
                    for j in range(9)
                ]
            )
            mixed[i, head] = scores.softmax(0) @ v[:, head]
    wanted = attention.proj(mixed.reshape(1, 3, 3, 8))
    torch.testing.assert_close(attention(x), wanted)


def test_one_token_reaches_only_its_window_before_a_global_block() -> None:
    """The pre-neck tokens of a model of windowed blocks; a window is 14 tokens of 16 pixels."""
    windowed = tiny("sam-vit-b", depth=2, global_blocks=())
    with_global = tiny("sam-vit-b", depth=2, global_blocks=(1,))
    picture = torch.randn(1, 3, 256, 256)
    touched = picture.clone()
    touched[..., :16, :16] += 1

    def reached(model: Any) -> Any:
        with torch.inference_mode():
            maps = [model.image_encoder.with_early_map(x)[1] for x in (picture, touched)]
        return (maps[0] - maps[1]).abs().amax(dim=1)[0] > 0

    assert reached(windowed)[:14, :14].all()
    assert not reached(windowed)[14:].any() and not reached(windowed)[:, 14:].any()
    assert reached(with_global).all()


# --- checkpoints


def official_names(depth: int) -> set[str]:
    """The key layout of the published SAM checkpoints."""
    both = ("weight", "bias")
    names = {
        "image_encoder.pos_embed",
        "image_encoder.neck.0.weight",
        "image_encoder.neck.2.weight",
    }
    names |= {
        f"image_encoder.{m}.{p}" for m in ("patch_embed.proj", "neck.1", "neck.3") for p in both
    }
    for i in range(depth):
        block = f"image_encoder.blocks.{i}."
        names |= {f"{block}attn.rel_pos_{axis}" for axis in "hw"}
        parts = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.lin1", "mlp.lin2")
        names |= {f"{block}{part}.{p}" for part in parts for p in both}
    names |= {f"prompt_encoder.point_embeddings.{i}.weight" for i in range(4)}
    names |= {f"prompt_encoder.{e}.weight" for e in ("not_a_point_embed", "no_mask_embed")}
    names |= {f"prompt_encoder.mask_downscaling.{i}.{p}" for i in (0, 1, 3, 4, 6) for p in both}
    names |= {"prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"}
    modules = [f"output_upscaling.{i}" for i in (0, 1, 3)]
    modules += [f"output_hypernetworks_mlps.{m}.layers.{i}" for m in range(4) for i in range(3)]
    modules += [f"iou_prediction_head.layers.{i}" for i in range(3)]
    projections = [f"{x}_proj" for x in ("q", "k", "v", "out")]
    modules += [f"transformer.final_attn_token_to_image.{x}" for x in projections]
    modules += ["transformer.norm_final_attn"]
    for i in range(2):
        attentions = ("self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token")
        parts = [f"{a}.{x}" for a in attentions for x in projections]
        parts += ["norm1", "norm2", "norm3", "norm4", "mlp.lin1", "mlp.lin2"]
        modules += [f"transformer.layers.{i}.{part}" for part in parts]
    names |= {f"mask_decoder.{module}.{p}" for module in modules for p in both}
    return names | {"mask_decoder.iou_token.weight", "mask_decoder.mask_tokens.weight"}


def hq_names() -> set[str]:
    """What HQ-SAM's checkpoints have besides."""
    modules = [f"hf_mlp.layers.{i}" for i in range(3)]
    for module in ("compress_vit_feat", "embedding_encoder", "embedding_maskfeature"):
        modules += [f"{module}.{i}" for i in (0, 1, 3)]
    names = {f"mask_decoder.{module}.{p}" for module in modules for p in ("weight", "bias")}
    return names | {"mask_decoder.hf_token.weight"}


def on_no_device(name: str) -> Any:
    """The full-size model without its numbers."""
    with torch.device("meta"):
        return build(name)


def millions(module: Any) -> float:
    return round(sum(parameter.numel() for parameter in module.parameters()) / 1e6, 2)


@pytest.mark.parametrize(
    "name, depth, encoder, total",
    [
        ("sam-vit-b", 12, 89.67, 93.74),
        ("sam-vit-l", 24, 308.28, 312.34),
        ("sam-vit-h", 32, 637.03, 641.09),
    ],
)
def test_key_layout_and_size_of_the_official_sam(
    name: str, depth: int, encoder: float, total: float
) -> None:
    model = on_no_device(name)
    assert set(model.state_dict()) == official_names(depth)
    assert (millions(model.image_encoder), millions(model)) == (encoder, total)
    assert millions(model.mask_decoder) == 4.06


def test_sam_vit_b_has_314_entries() -> None:
    assert len(on_no_device("sam-vit-b").state_dict()) == 314


@pytest.mark.parametrize("size, depth", [("b", 12), ("l", 24), ("h", 32)])
def test_key_layout_of_the_official_hq_sam(size: str, depth: int) -> None:
    model = on_no_device(f"hq-sam-vit-{size}")
    assert set(model.state_dict()) == official_names(depth) | hq_names()


def test_size_of_hq_sam_vit_b() -> None:
    model = on_no_device("hq-sam-vit-b")
    assert (millions(model.mask_decoder), millions(model)) == (5.13, 94.81)


def test_every_sam_and_hq_variant_fits_its_published_square() -> None:
    for entry in VARIANTS:
        if entry.family in ("sam", "hq_sam"):
            spec = on_no_device(entry.name).spec
            assert dict(spec.embedding)["image_embeddings"] == (1, 256, 64, 64)
            assert (spec.preprocessing.input_size, spec.low_res_size) == (1024, 256)


@torch.inference_mode()
def test_an_official_checkpoint_loads_and_answers_the_same(model: Any, embedding: Any) -> None:
    name = "hq-sam-vit-b" if len(embedding) == 2 else "sam-vit-b"
    torch.manual_seed(9)
    other = build(name, **TINY).eval()
    before = other.decode(embedding, COORDS, POINTS)
    other.load_official(model.state_dict())
    wanted = model.decode(embedding, COORDS, POINTS)
    assert differs(wanted, before)
    assert_same(wanted, other.decode(embedding, COORDS, POINTS))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("mask_decoder.iou_token.weight"), "lacks mask_decoder.iou_token.weight."),
        (lambda s: s.update(extra=torch.zeros(1)), "does not know: extra."),
        (
            lambda s: s.update({"image_encoder.pos_embed": torch.zeros(1, 64, 64, 48)}),
            "image_encoder.pos_embed (1, 64, 64, 48) instead of (1, 16, 16, 48)",
        ),
        (lambda s: s.clear(), "and 171 more."),
    ],
    ids=["truncated", "more", "other sizes", "empty"],
)
def test_a_wrong_file_is_refused_naming_what_is_wrong(change: Any, message: str) -> None:
    model = tiny("sam-vit-b")
    state = dict(model.state_dict())
    change(state)
    with pytest.raises(WrongCheckpoint, match=re.escape(message)):
        model.load_official(state)


def test_checkpoints_of_the_two_families_are_not_mixed_up() -> None:
    sam, hq = tiny("sam-vit-b"), tiny("hq-sam-vit-b")
    with pytest.raises(WrongCheckpoint, match="lacks mask_decoder.compress_vit_feat"):
        hq.load_official(sam.state_dict())
    with pytest.raises(WrongCheckpoint, match="does not know: mask_decoder.compress_vit_feat"):
        sam.load_official(hq.state_dict())
