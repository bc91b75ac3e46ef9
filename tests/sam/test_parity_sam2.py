"""SAM 2.1's image model says what Hugging Face's implementation says with the same weights."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
pytest.importorskip("transformers", reason="transformers is not installed (extra: dev)")

from tests.sam.hugging_face import (  # noqa: E402
    PROMPTS,
    assert_alike,
    noise,
    prompt,
    prompts,
    randomise,
)
from tests.sam.hugging_face_sam2 import twin_sam2  # noqa: E402
from workers.sam.families import build, variant  # noqa: E402
from workers.sam.families.sam2 import single_mask  # noqa: E402

# Two stages' windows (14 and 3) do not divide their grids (16 and 8), and a halving block is
# among those that fill up; one block is global.
SMALL: dict[str, Any] = {
    "dim": 32,
    "heads": 1,
    "stages": (1, 1, 2, 1),
    "global_blocks": (3,),
    "windows": (8, 4, 14, 3),
    "window_background": 7,
    "input_size": 256,
}
# The same without a global block, so that the last stage halves within windows of 14.
WINDOWED = SMALL | {"global_blocks": (), "stages": (2, 1, 1, 2), "heads": 2}


def pair(sizes: dict[str, Any], dynamic: bool = False) -> tuple[Any, Any]:
    """Our model and theirs with the same random weights."""
    torch.manual_seed(0)
    ours = build("sam2.1-hiera-tiny", **sizes).eval()
    randomise(ours)
    with torch.no_grad():
        ours.no_mem_embed.normal_()
    return ours, twin_sam2(ours.state_dict(), sizes, dynamic)


def features(size: int = 256) -> tuple[Any, Any, Any]:
    side = size // 16
    return (
        noise(1, 256, side, side),
        noise(1, 64, 2 * side, 2 * side, seed=2),
        noise(1, 32, 4 * side, 4 * side, seed=3),
    )


def said(
    theirs: Any, embedding: Any, coords: Any, labels: Any, several: bool, mask_input: Any = None
) -> Any:
    """transformers' answer; it wants whole labels, and the finest map first."""
    arguments = prompts(coords, labels.int()) | {"image_embeddings": list(embedding[::-1])}
    if mask_input is not None:
        arguments["input_masks"] = mask_input
    return theirs(**arguments, multimask_output=several)


def assert_same_answers(
    ours: Any, theirs: Any, embedding: Any, coords: Any, labels: Any, mask_input: Any = None
) -> None:
    """All four masks; they answer with the first or with the other three."""
    masks, ious = ours.decode(embedding, coords, labels, mask_input=mask_input)
    assert ious.min() > 0 and ious.max() < 1
    for several, which in ((False, slice(0, 1)), (True, slice(1, 4))):
        answer = said(theirs, embedding, coords, labels, several, mask_input)
        assert_alike(masks[:, which], answer.pred_masks[0])
        assert_alike(ious[:, which], answer.iou_scores[0], std=ious.std())


@pytest.fixture(scope="module")
def small() -> tuple[Any, Any]:
    return pair(SMALL)


@pytest.mark.parametrize("sizes", [SMALL, WINDOWED], ids=["with a global block", "windows only"])
@torch.inference_mode()
def test_embedding_parity(sizes: dict[str, Any]) -> None:
    ours, theirs = pair(sizes)
    picture = noise(2, 3, 256, 256)
    expected = theirs.get_image_embeddings(picture)[::-1]
    for (_, shape), tensor, their_tensor in zip(
        ours.spec.embedding, ours.encode(picture), expected, strict=True
    ):
        assert tuple(tensor.shape[1:]) == shape[1:]
        assert_alike(tensor, their_tensor)


@pytest.mark.parametrize("name", PROMPTS)
@torch.inference_mode()
def test_mask_parity(small: tuple[Any, Any], name: str) -> None:
    assert_same_answers(*small, features(), *prompt(name))


@pytest.mark.parametrize("name", ["one point", "a box"])
@torch.inference_mode()
def test_mask_parity_with_a_previous_mask(small: tuple[Any, Any], name: str) -> None:
    previous = 8 * noise(1, 1, 64, 64, seed=4)
    assert_same_answers(*small, features(), *prompt(name), mask_input=previous)


@pytest.mark.parametrize("name", ["points", "a box"])
@torch.inference_mode()
def test_object_score_parity(small: tuple[Any, Any], name: str) -> None:
    ours, theirs = small
    embedding, decoder = features(), ours.sam_mask_decoder
    coords, labels = prompt(name)
    tokens, _ = decoder.converse(
        embedding[0], ours.image_pe(), ours.sam_prompt_encoder(coords, labels)
    )
    answer = said(theirs, embedding, coords, labels, several=True)
    # one number has no spread of its own: it is compared on the scale of what feeds it
    assert_alike(decoder.object_score(tokens), answer.object_score_logits[0], std=tokens.std())


@torch.inference_mode()
def test_parity_of_the_single_mask_stable_or_not() -> None:
    """Both cases must occur, or the test proves nothing."""
    ours, theirs = pair(SMALL, dynamic=True)
    embedding = features()
    taken_from = set()
    for scale in (1, 300):  # of the logits: the larger, the fewer lie near the threshold
        with torch.no_grad():
            for model in (ours.sam_mask_decoder, theirs.mask_decoder):
                for mlp in model.output_hypernetworks_mlps:
                    last = mlp.proj_out if hasattr(mlp, "proj_out") else mlp.layers[-1]
                    last.weight.mul_(scale)
                    last.bias.mul_(scale)
        for name in ("one point", "points"):
            coords, labels = prompt(name)
            masks, ious = ours.decode(embedding, coords, labels)
            mask, iou = single_mask(masks, ious)
            answer = said(theirs, embedding, coords, labels, several=False)
            assert_alike(mask, answer.pred_masks[0])
            assert_alike(iou, answer.iou_scores[0], std=ious.std())
            taken_from.add(bool((mask == masks[:, :1]).all()))
    assert taken_from == {True, False}


@pytest.mark.slow
@torch.inference_mode()
def test_full_size_parity_of_hiera_tiny() -> None:
    sizes = {**variant("sam2.1-hiera-tiny").config, "input_size": 1024}
    ours, theirs = pair(sizes)
    picture = noise(1, 3, 1024, 1024)
    embedding = ours.encode(picture)
    for tensor, expected in zip(embedding, theirs.get_image_embeddings(picture)[::-1], strict=True):
        assert_alike(tensor, expected)
    for name in PROMPTS:
        assert_same_answers(ours, theirs, embedding, *prompt(name))
