"""What is exported says the same as PyTorch, for every kind of prompt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.sam.predictor import OnnxPredictor, Prompts
from workers.sam.preprocess import preprocess

SIZE = (120, 90)
MASK = np.random.default_rng(3).normal(0, 3, (128, 128)).astype(np.float32)
TOKENS = np.random.default_rng(4).normal(0, 1, (2, 96)).astype(np.float32)


def points(count: int) -> list[tuple[float, float, int]]:
    return [(15.0 * index + 10, 30.0 + 5 * index, index % 2) for index in range(count)]


PROMPTS = {
    **{f"{count} points": Prompts(points=points(count)) for count in range(1, 6)},
    "a box": Prompts(box=(10, 20, 80, 70)),
    "a box and points": Prompts(points=points(2), box=(10, 20, 80, 70)),
    "a previous mask": Prompts(points=points(2), mask_input=MASK),
    "two learned tokens": Prompts(points=points(1), tokens=TOKENS),
    "tokens and a mask": Prompts(points=points(3), tokens=TOKENS, mask_input=MASK),
}


def torch_answer(
    model: Any, prepared: dict[str, np.ndarray], arrays: tuple, prompts: Prompts
) -> Any:
    import torch

    embeddings = [
        torch.from_numpy(prepared[name]) for name in ("image_embeddings", "edge_embeddings")
    ]
    extra = {}
    if prompts.tokens is not None:
        extra["prompt_tokens"] = torch.from_numpy(prompts.tokens)[None]
    if prompts.mask_input is not None:
        extra["mask_input"] = torch.from_numpy(prompts.mask_input)[None, None]
        extra["has_mask_input"] = torch.ones(1)
    coords, labels = (torch.from_numpy(array)[None] for array in arrays)
    with torch.no_grad():
        return model.decode(model.prepare(*embeddings), coords, labels, **extra)


def test_the_encoder_agrees(untrained: tuple[Any, OnnxPredictor], photograph: np.ndarray) -> None:
    import torch

    model, predictor = untrained
    with torch.no_grad():
        expected = model.encode(torch.from_numpy(preprocess(photograph, 256))[None])
    found = predictor.encode([photograph])[0]
    for tensor, name in zip(expected, ("image_embeddings", "edge_embeddings"), strict=True):
        assert np.abs(tensor.numpy() - found[name]).max() < 0.02  # half-precision weights


@pytest.mark.parametrize("kind", PROMPTS)
def test_the_decoder_agrees(
    untrained: tuple[Any, OnnxPredictor], photograph: np.ndarray, kind: str
) -> None:
    model, predictor = untrained
    prompts = PROMPTS[kind]
    prepared = predictor.prepare(predictor.encode([photograph])[0])
    found, found_ious = predictor.decode_prepared(prepared, prompts, SIZE)
    arrays = predictor.prompt_arrays(prompts, SIZE)
    expected, expected_ious = torch_answer(model, prepared, arrays, prompts)
    assert found.shape == (4, 128, 128)
    spread = expected.std().item()
    assert np.abs(expected[0].numpy() - found).max() < 0.02 * spread
    assert np.abs(expected_ious[0].numpy() - found_ious).max() < 0.005


def test_padding_points_change_nothing(
    untrained: tuple[Any, OnnxPredictor], photograph: np.ndarray
) -> None:
    model, predictor = untrained
    prepared = predictor.prepare(predictor.encode([photograph])[0])
    coords, labels = predictor.prompt_arrays(Prompts(points=points(2)), SIZE)
    plain, _ = torch_answer(model, prepared, (coords, labels), Prompts())
    coords = np.concatenate([coords, np.zeros((3, 2), np.float32)])
    labels = np.concatenate([labels, -np.ones(3, np.float32)])
    padded, _ = torch_answer(model, prepared, (coords, labels), Prompts())
    assert (plain - padded).abs().max().item() < 1e-4


def test_the_graphs_have_no_control_flow(untrained: tuple[Any, OnnxPredictor]) -> None:
    import onnx

    _, predictor = untrained
    for name in ("prepare", "decode", "decode_with_mask"):
        graph = onnx.load(str(predictor.bundle.graph(name))).graph
        kinds = {node.op_type for node in graph.node}
        assert not kinds & {"If", "Loop", "Scan", "NonZero"}
        assert all(node.domain in ("", "ai.onnx") for node in graph.node)
