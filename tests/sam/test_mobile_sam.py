"""MobileSAM: names, sizes, and a whole way from image to masks."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from workers.sam.families import build  # noqa: E402
from workers.sam.families.base import WrongCheckpoint  # noqa: E402

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def conv_norm(name: str) -> set[str]:
    return {f"{name}.c.weight"} | {f"{name}.bn.{part}" for part in NORM}


def pair(name: str) -> set[str]:
    return {f"{name}.weight", f"{name}.bias"}


def official_encoder_keys() -> set[str]:
    """The names of the published checkpoint's encoder, without its classifier."""
    keys = conv_norm("patch_embed.seq.0") | conv_norm("patch_embed.seq.2")
    for block in range(2):
        for conv in (1, 2, 3):
            keys |= conv_norm(f"layers.0.blocks.{block}.conv{conv}")
    for stage, depth in ((1, 2), (2, 6), (3, 2)):
        for block in range(depth):
            name = f"layers.{stage}.blocks.{block}"
            keys |= {f"{name}.attn.attention_biases"} | conv_norm(f"{name}.local_conv")
            for part in ("attn.norm", "attn.qkv", "attn.proj", "mlp.norm", "mlp.fc1", "mlp.fc2"):
                keys |= pair(f"{name}.{part}")
    for stage in range(3):
        for conv in (1, 2, 3):
            keys |= conv_norm(f"layers.{stage}.downsample.conv{conv}")
    keys |= {"neck.0.weight", "neck.2.weight"} | pair("neck.1") | pair("neck.3")
    return {f"image_encoder.{name}" for name in keys}


def checkpoint(model: Any) -> dict[str, Any]:
    """A state dict laid out as the published file: with the classifier."""
    return {
        **model.state_dict(),
        "image_encoder.norm_head.weight": torch.ones(320),
        "image_encoder.norm_head.bias": torch.zeros(320),
        "image_encoder.head.weight": torch.zeros(1000, 320),
        "image_encoder.head.bias": torch.zeros(1000),
    }


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(0)
    return build("mobile-sam", depths=(1, 1, 1, 1), input_size=128).eval()


def test_names_and_sizes_are_the_published_ones() -> None:
    made = build("mobile-sam")
    state = made.state_dict()
    assert {name for name in state if name.startswith("image_encoder.")} == official_encoder_keys()
    shared = set(build("sam-vit-b", depth=1, global_blocks=(0,)).state_dict())
    rest = {name for name in state if not name.startswith("image_encoder.")}
    assert rest == {name for name in shared if not name.startswith("image_encoder.")}
    assert sum(weight.numel() for weight in made.image_encoder.parameters()) == 5_743_892
    biases = {
        tuple(value.shape) for name, value in state.items() if name.endswith("attention_biases")
    }
    assert biases == {(4, 49), (5, 196), (10, 49)}
    assert made.spec.embedding == (("image_embeddings", (1, 256, 64, 64)),)


def test_an_official_checkpoint_loads_and_its_classifier_is_left_out(model: Any) -> None:
    torch.manual_seed(5)
    fresh = build("mobile-sam", depths=(1, 1, 1, 1), input_size=128)
    fresh.load_official(checkpoint(model))
    assert all(
        torch.equal(value, model.state_dict()[name]) for name, value in fresh.state_dict().items()
    )


def test_a_wrong_file_is_refused_in_words(model: Any) -> None:
    sam = build("sam-vit-b", depth=1, global_blocks=(0,), input_size=128)
    with pytest.raises(WrongCheckpoint, match=r"lacks image_encoder\.layers\.0"):
        model.load_official(sam.state_dict())
    longer = {**checkpoint(model), "image_encoder.layers.9.weight": torch.zeros(1)}
    with pytest.raises(WrongCheckpoint, match=r"does not know: image_encoder\.layers\.9\.weight"):
        model.load_official(longer)
    name = "image_encoder.neck.0.weight"
    with pytest.raises(WrongCheckpoint, match=rf"{name} \(1, 2\) instead of \(256, 320, 1, 1\)"):
        model.load_official({**checkpoint(model), name: torch.zeros(1, 2)})


def test_an_image_becomes_masks(model: Any) -> None:
    with torch.no_grad():
        embedding = model.encode(torch.randn(1, 3, 128, 128))
        assert [tuple(value.shape) for value in embedding] == [model.spec.embedding[0][1]]
        coords, labels = torch.tensor([[[20.0, 90.0]]]), torch.tensor([[1.0]])
        masks, ious = model.decode(embedding, coords, labels)
        padded, _ = model.decode(
            embedding,
            torch.cat([coords, torch.zeros(1, 2, 2)], 1),
            torch.cat([labels, -torch.ones(1, 2)], 1),
        )
    assert masks.shape == (1, 4, 32, 32) and ious.shape == (1, 4)
    assert (masks - padded).abs().max() < 1e-5 * masks.std()
