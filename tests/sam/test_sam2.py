"""SAM 2.1 as a promptable model: what prompts mean, which checkpoints it takes, what it exports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from tests.sam.test_sam import (  # noqa: E402
    BOX_AND_POINTS,
    COORDS,
    POINTS,
    assert_same,
    differs,
    official_names,
    on_no_device,
)
from workers.sam.families import build, variant  # noqa: E402
from workers.sam.families.base import WrongCheckpoint  # noqa: E402
from workers.sam.families.sam2 import VIDEO_ONLY, single_mask  # noqa: E402

TINY = {"dim": 32, "stages": (1, 1, 2, 1), "global_blocks": (3,), "input_size": 256}
SIZES = ["tiny", "small", "base-plus", "large"]


def tiny(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    entry = variant("sam2.1-hiera-tiny")
    model = build(entry.name, **TINY).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "pos_embed" in name or name == "no_mem_embed":
                parameter.normal_()
    return model


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny()


@pytest.fixture(scope="module")
def embedding(model: Any) -> Any:
    with torch.inference_mode():
        return model.encode(torch.randn(1, 3, 256, 256))


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
def test_every_prompt_has_sam_2s_own_padding(model: Any, embedding: Any, labels: Any) -> None:
    """Unlike SAM's, which a box does without: another "not a point" is another answer for both."""
    other = tiny()
    other.sam_prompt_encoder.not_a_point_embed.weight.mul_(-3)
    plain = model.decode(embedding, COORDS, labels)
    assert differs(plain, other.decode(embedding, COORDS, labels))


@torch.inference_mode()
def test_what_is_clicked_and_how_matters(model: Any, embedding: Any) -> None:
    plain = model.decode(embedding, COORDS, POINTS)
    assert differs(plain, model.decode(embedding, COORDS + 20, POINTS))
    assert differs(plain, model.decode(embedding, COORDS, 1 - POINTS))
    assert differs(plain, model.decode(embedding, COORDS, BOX_AND_POINTS))
    assert differs(plain, model.decode(embedding, COORDS, POINTS, torch.ones(1, 2, 256)))


@torch.inference_mode()
def test_a_batch_of_prompts_says_the_same_as_one_by_one(model: Any, embedding: Any) -> None:
    coords = torch.cat([COORDS, COORDS + 10, COORDS.flip(1)])
    labels = torch.cat([POINTS, BOX_AND_POINTS, -torch.ones(1, 4)])
    previous = 5 * torch.randn(3, 1, 64, 64)
    counts = torch.tensor([0.0, 1.0, 0.0])
    together = model.decode(embedding, coords, labels, None, previous, counts)
    for i in range(3):
        one = slice(i, i + 1)
        fed = (previous[one], counts[one]) if counts[i] else (None, None)
        alone = model.decode(embedding, coords[one], labels[one], None, *fed)
        assert_same(alone, tuple(part[one] for part in together))


@pytest.mark.parametrize("part", range(3))
@torch.inference_mode()
def test_every_tensor_of_the_embedding_counts(model: Any, embedding: Any, part: int) -> None:
    changed = list(embedding)
    changed[part] = changed[part].flip(-1)
    plain = model.decode(embedding, COORDS, POINTS)
    assert differs(plain, model.decode(tuple(changed), COORDS, POINTS))


@torch.inference_mode()
def test_what_stands_for_no_memory_is_part_of_the_embedding(model: Any) -> None:
    other = tiny()
    other.no_mem_embed.zero_()
    picture = torch.randn(1, 3, 256, 256)
    with_it, without = model.encode(picture), other.encode(picture)
    added = (with_it[0] - without[0]).mean((2, 3))
    torch.testing.assert_close(added, model.no_mem_embed[0], rtol=1e-3, atol=1e-4)
    assert_same(with_it[1:], without[1:])


def test_an_unstable_single_mask_gives_way_to_the_best_of_the_others() -> None:
    firm, loose = torch.full((4, 4), 9.0), torch.full((4, 4), 0.01)  # 0.01 is near the threshold
    masks = torch.stack([torch.stack([each, firm, -firm, firm]) for each in (firm, loose, -firm)])
    ious = torch.tensor([[0.1, 0.9, 0.3, 0.2], [0.9, 0.2, 0.4, 0.3], [0.5, 0.6, 0.7, 0.8]])
    mask, iou = single_mask(masks, ious)
    assert iou[:, 0].tolist() == pytest.approx([0.1, 0.4, 0.5])
    assert torch.equal(mask, torch.stack([firm, -firm, -firm])[:, None])


def test_a_halving_block_takes_the_largest_of_four_queries() -> None:
    """One attention, written out query by query."""
    from workers.sam.families.hiera import Attention

    torch.manual_seed(0)
    attention = Attention(dim=6, dim_out=8, heads=2, window=4, halves=True).double()
    x = torch.randn(1, 4, 4, 6, dtype=torch.float64)
    q, k, v = attention.qkv(x)[0].reshape(4, 4, 3, 2, 4).unbind(2)  # [W,W,heads,D] each
    mixed = torch.zeros(2, 2, 2, 4, dtype=torch.float64)
    for row in range(2):
        for column in range(2):
            four = q[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].reshape(4, 2, 4)
            for head in range(2):
                scores = k[:, :, head].reshape(16, 4) @ four[:, head].amax(0) / 2
                mixed[row, column, head] = scores.softmax(0) @ v[:, :, head].reshape(16, 4)
    torch.testing.assert_close(attention(x)[0], attention.proj(mixed.reshape(2, 2, 8)))


# --- checkpoints


def official_names_of_sam2(stages: tuple[int, ...]) -> set[str]:
    """The key layout of the published checkpoints, without what only video needs."""
    both = ("weight", "bias")
    names = {
        "no_mem_embed",
        "image_encoder.trunk.pos_embed",
        "image_encoder.trunk.pos_embed_window",
    }
    modules = ["image_encoder.trunk.patch_embed.proj"]
    modules += [f"image_encoder.neck.convs.{level}.conv" for level in range(4)]
    first_of_stage = {sum(stages[:stage]) for stage in range(1, 4)}
    for i in range(sum(stages)):
        parts = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.layers.0", "mlp.layers.1"]
        parts += ["proj"] if i in first_of_stage else []
        modules += [f"image_encoder.trunk.blocks.{i}.{part}" for part in parts]
    modules += [f"sam_mask_decoder.{m}" for m in ("conv_s0", "conv_s1")]
    modules += [f"sam_mask_decoder.pred_obj_score_head.layers.{i}" for i in range(3)]
    names |= {f"{module}.{p}" for module in modules for p in both}
    for name in official_names(0):  # SAM's prompt encoder and mask decoder
        if not name.startswith("image_encoder."):
            name = name.replace(".mlp.lin1.", ".mlp.layers.0.").replace(".lin2.", ".layers.1.")
            names.add(f"sam_{name}")
    return names | {"sam_mask_decoder.obj_score_token.weight"}


@pytest.mark.parametrize(
    "size, millions",
    [("tiny", 31.4), ("small", 38.5), ("base-plus", 73.3), ("large", 216.9)],
)
def test_key_layout_and_size_of_the_official_checkpoints(size: str, millions: float) -> None:
    name = f"sam2.1-hiera-{size}"
    model = on_no_device(name)
    assert set(model.state_dict()) == official_names_of_sam2(variant(name).config["stages"])
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == millions
    assert dict(model.spec.embedding) == {
        "image_embeddings": (1, 256, 64, 64),
        "high_res_s1": (1, 64, 128, 128),
        "high_res_s0": (1, 32, 256, 256),
    }
    preprocessing = model.spec.preprocessing
    assert (preprocessing.input_size, preprocessing.resize) == (1024, "stretch")
    assert model.spec.low_res_size == 256


def video_parts() -> dict[str, Any]:
    """An entry for each prefix that a checkpoint has for video."""
    return {f"{p}layer.weight" if p.endswith(".") else p: torch.zeros(1) for p in VIDEO_ONLY}


@torch.inference_mode()
def test_an_official_checkpoint_loads_without_its_video_parts(model: Any, embedding: Any) -> None:
    other = tiny(seed=9)
    wanted = model.decode(embedding, COORDS, POINTS)
    assert differs(wanted, other.decode(embedding, COORDS, POINTS))
    other.load_official({"model": {**model.state_dict(), **video_parts()}})
    assert_same(wanted, other.decode(embedding, COORDS, POINTS))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("no_mem_embed"), "lacks no_mem_embed."),
        (lambda s: s.update(no_mem_embed_2=torch.zeros(1)), "does not know: no_mem_embed_2."),
        (
            lambda s: s.update({"image_encoder.trunk.pos_embed": torch.zeros(1, 32, 14, 14)}),
            "image_encoder.trunk.pos_embed (1, 32, 14, 14) instead of (1, 32, 7, 7)",
        ),
        (lambda s: s.clear(), "The checkpoint lacks image_encoder.neck"),
    ],
    ids=["truncated", "more", "other sizes", "empty"],
)
def test_a_wrong_file_is_refused_naming_what_is_wrong(change: Any, message: str) -> None:
    model = tiny()
    state = dict(model.state_dict())
    change(state)
    with pytest.raises(WrongCheckpoint, match=re.escape(message)):
        model.load_official(state)


def test_a_checkpoint_of_another_size_or_family_is_refused() -> None:
    states = {size: on_no_device(f"sam2.1-hiera-{size}").state_dict() for size in SIZES}
    states["vit-b"] = on_no_device("sam-vit-b").state_dict()
    for size in SIZES:
        model = on_no_device(f"sam2.1-hiera-{size}")
        for other in states.keys() - {size}:
            with pytest.raises(WrongCheckpoint):
                model.load_official(states[other])


# --- export


class Encode(torch.nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Any) -> Any:
        return self.model.encode(image)


class Decode(Encode):
    def forward(self, a: Any, b: Any, c: Any, coords: Any, labels: Any, tokens: Any) -> Any:
        return self.model.decode((a, b, c), coords, labels, tokens)


def exported(module: Any, example: tuple[Any, ...], path: Path, free: dict[str, Any]) -> Any:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")
    names = [f"in{i}" for i in range(len(example))]
    torch.onnx.export(
        module.eval(),
        example,
        str(path),
        input_names=names,
        dynamic_axes=free,
        opset_version=17,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda *inputs: session.run(
        None, {name: np.asarray(each) for name, each in zip(names, inputs, strict=True)}
    )


def assert_exports(model: Any, folder: Path) -> None:
    """Encoder and decoder in onnxruntime say what they say in PyTorch, for other inputs than those
    they were exported with."""
    size = model.spec.preprocessing.input_size
    batch = {"in0": {0: "batch"}}
    encode = exported(Encode(model), (torch.randn(1, 3, size, size),), folder / "e.onnx", batch)
    picture = torch.randn(2 if size < 1024 else 1, 3, size, size)
    embedding = model.encode(picture)
    for expected, found in zip(embedding, encode(picture), strict=True):
        assert np.abs(expected.numpy() - found).max() < 1e-3 * expected.std().item()
    embedding = tuple(part[:1] for part in embedding)
    points = {"in3": {1: "points"}, "in4": {1: "points"}, "in5": {1: "tokens"}}
    example = (*embedding, COORDS, POINTS, torch.zeros(1, 2, 256))
    decode = exported(Decode(model), example, folder / "d.onnx", points)
    for labels, count in ((BOX_AND_POINTS, 4), (POINTS, 1)):
        prompt = COORDS[:, :count], labels[:, :count], torch.randn(1, count - 1, 256)
        for expected, found in zip(
            model.decode(embedding, *prompt), decode(*embedding, *prompt), strict=True
        ):
            assert np.abs(expected.numpy() - found).max() < 1e-3 * expected.std().item()


@torch.inference_mode()
def test_what_is_exported_says_the_same(model: Any, tmp_path: Path) -> None:
    assert_exports(model, tmp_path)


@pytest.mark.slow
@torch.inference_mode()
def test_hiera_tiny_is_exported_at_full_size(tmp_path: Path) -> None:
    torch.manual_seed(0)
    assert_exports(build("sam2.1-hiera-tiny").eval(), tmp_path)
