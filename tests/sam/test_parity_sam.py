"""SAM says what Hugging Face's implementation says with the same weights."""

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
from workers.sam.families.sam_decoder import META_EPS  # noqa: E402


def pair(sizes: dict[str, Any], eps: Any = HUGGING_FACE_EPS) -> tuple[Any, Any]:
    """Our model and theirs with the same random weights."""
    torch.manual_seed(0)
    ours = build("sam-vit-b", **sizes, eps=eps).eval()
    randomise(ours)
    return ours, twin(ours.state_dict(), sizes, eps.two_way)


def assert_same_answers(
    ours: Any, theirs: Any, embedding: Any, coords: Any, labels: Any, mask_input: Any = None
) -> None:
    """All four masks; they answer with the first or with the other three."""
    masks, ious = ours.decode((embedding,), coords, labels, mask_input=mask_input)
    arguments = prompts(coords, labels) | {"image_embeddings": embedding}
    if mask_input is not None:
        arguments["input_masks"] = mask_input
    for several, which in ((False, slice(0, 1)), (True, slice(1, 4))):
        said = theirs(**arguments, multimask_output=several)
        assert_alike(masks[:, which], said.pred_masks[0])
        assert_alike(ious[:, which], said.iou_scores[0], std=ious.std())


@pytest.fixture(scope="module")
def small() -> tuple[Any, Any]:
    return pair(SMALL)


@torch.inference_mode()
def test_embedding_parity(small: tuple[Any, Any]) -> None:
    ours, theirs = small
    picture = noise(2, 3, 256, 256)
    (embedding,) = ours.encode(picture)
    assert_alike(embedding, theirs.get_image_embeddings(picture))


@pytest.mark.parametrize("name", PROMPTS)
@torch.inference_mode()
def test_mask_parity(small: tuple[Any, Any], name: str) -> None:
    assert_same_answers(*small, noise(1, 256, 16, 16), *prompt(name))


@pytest.mark.parametrize("name", ["one point", "a box"])
@torch.inference_mode()
def test_mask_parity_with_a_previous_mask(small: tuple[Any, Any], name: str) -> None:
    previous = 8 * noise(1, 1, 64, 64, seed=2)
    assert_same_answers(*small, noise(1, 256, 16, 16), *prompt(name), mask_input=previous)


@torch.inference_mode()
def test_parity_with_the_eps_that_checkpoints_were_trained_with() -> None:
    assert_same_answers(*pair(SMALL, META_EPS), noise(1, 256, 16, 16), *prompt("points"))


@pytest.mark.slow
@torch.inference_mode()
def test_full_size_parity_of_vit_b() -> None:
    ours, theirs = pair({**variant("sam-vit-b").config, "input_size": 1024})
    picture = noise(1, 3, 1024, 1024)
    (embedding,) = ours.encode(picture)
    assert_alike(embedding, theirs.get_image_embeddings(picture))
    for name in PROMPTS:
        assert_same_answers(ours, theirs, embedding, *prompt(name))
