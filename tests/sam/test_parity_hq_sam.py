"""HQ-SAM says what Hugging Face's implementation says with the same weights."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
pytest.importorskip("transformers", reason="transformers is not installed (extra: dev)")

from tests.sam.hugging_face import (  # noqa: E402
    HUGGING_FACE_EPS,
    PROMPTS,
    SMALL,
    assert_alike,
    noise,
    prompt,
    prompts,
    randomise,
    twin,
)
from workers.sam.families import build, variant  # noqa: E402


def pair(sizes: dict[str, Any]) -> tuple[Any, Any]:
    """Our model and theirs with the same random weights."""
    torch.manual_seed(0)
    ours = build("hq-sam-vit-b", **sizes, eps=HUGGING_FACE_EPS).eval()
    randomise(ours)
    return ours, twin(ours.state_dict(), sizes, HUGGING_FACE_EPS.two_way, hq=True)


@pytest.fixture(scope="module")
def small() -> tuple[Any, Any]:
    return pair({**SMALL, "depth": 3, "global_blocks": (1, 2)})


def assert_same_answers(
    small: tuple[Any, Any], picture: Any, coords: Any, labels: Any, mask_input: Any = None
) -> None:
    """From the picture to the masks: they have the early features only on the way."""
    ours, theirs = small
    masks, ious = ours.decode(ours.encode(picture), coords, labels, mask_input=mask_input)
    arguments = prompts(coords, labels) | {"pixel_values": picture}
    if mask_input is not None:
        arguments["input_masks"] = mask_input
    alone = theirs(**arguments, multimask_output=False)
    assert_alike(masks[:, :1], alone.pred_masks[0])
    assert_alike(ious[:, :1], alone.iou_scores[0], std=ious.std())
    # they sort the three candidates by predicted IoU, best first
    three = theirs(**arguments, multimask_output=True)
    order = ious[:, 1:].argsort(dim=1, descending=True) + 1
    rows = torch.arange(len(order))[:, None]
    assert_alike(masks[rows, order], three.pred_masks[0])
    assert_alike(ious[rows, order], three.iou_scores[0], std=ious.std())


@torch.inference_mode()
def test_image_embedding_parity(small: tuple[Any, Any]) -> None:
    ours, theirs = small
    picture = noise(2, 3, 256, 256)
    assert_alike(ours.encode(picture)[0], theirs.get_image_embeddings(picture)[0])


@pytest.mark.parametrize("name", PROMPTS)
@torch.inference_mode()
def test_mask_parity(small: tuple[Any, Any], name: str) -> None:
    assert_same_answers(small, noise(1, 3, 256, 256), *prompt(name))


@torch.inference_mode()
def test_mask_parity_with_a_previous_mask(small: tuple[Any, Any]) -> None:
    previous = 8 * noise(1, 1, 64, 64, seed=2)
    assert_same_answers(small, noise(1, 3, 256, 256), *prompt("points"), mask_input=previous)


@torch.inference_mode()
def test_parity_of_the_hq_token_alone(small: tuple[Any, Any]) -> None:
    whole, theirs = small
    sizes = {**SMALL, "depth": 3, "global_blocks": (1, 2)}
    ours = build("hq-sam-vit-b", **sizes, eps=HUGGING_FACE_EPS, hq_token_only=True).eval()
    ours.load_official(whole.state_dict())
    coords, labels = prompt("a box and points")
    picture = noise(1, 3, 256, 256)
    masks, ious = ours.decode(ours.encode(picture), coords, labels)
    said = theirs(
        pixel_values=picture,
        **prompts(coords, labels),
        hq_token_only=True,
        multimask_output=False,
    )
    assert ours.spec.candidates == ("single",)
    assert_alike(masks, said.pred_masks[0])
    assert ious.shape == (1, 1)
    assert abs(ious - said.iou_scores[0]) < 1e-5


@pytest.mark.slow
@torch.inference_mode()
def test_full_size_parity_of_hq_vit_b() -> None:
    models = pair({**variant("hq-sam-vit-b").config, "input_size": 1024})
    assert_same_answers(models, noise(1, 3, 1024, 1024), *prompt("points"))
