"""A decoder cut in two says what the whole one says, for all prompts and shapes of image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")

from workers.sam.export.bundle import decoder_graphs, example_embedding  # noqa: E402
from workers.sam.export.graphs import write_graph  # noqa: E402
from workers.sam.export.splits import Prompt, split_decoder  # noqa: E402
from workers.sam.families import build, variant  # noqa: E402

VIT = {"dim": 32, "depth": 2, "heads": 2, "global_blocks": (1,), "input_size": 512}
# One variant a family, with a shallow encoder: the decoder is the same in all of them.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "SAM": ("sam-vit-b", VIT),
    "SAM 2.1": (
        "sam2.1-hiera-tiny",
        {"stages": (1, 1, 1, 1), "global_blocks": (2,), "input_size": 512},
    ),
    "HQ-SAM": ("hq-sam-vit-b", VIT),
    "HQ-SAM, HQ token only": ("hq-sam-vit-b", VIT | {"hq_token_only": True}),
}
# (height, width) of the image as shares of the square
SHAPES = {"square": (1.0, 1.0), "wide": (683 / 1024, 1.0), "tall": (1.0, 0.75)}


@pytest.fixture(scope="module", params=VARIANTS)
def model(request: pytest.FixtureRequest) -> Any:
    """Random weights, biases and norms too, with a decoder to cut."""
    torch.manual_seed(11)
    name, changes = VARIANTS[request.param]
    made = build(name, **changes).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    made.family = variant(name).family
    return made


def prompts(model: Any) -> dict[str, Prompt]:
    torch.manual_seed(5)
    low = model.spec.low_res_size
    side = model.spec.preprocessing.input_size
    coords, labels = torch.rand(1, 3, 2) * side, torch.tensor([[1.0, 0.0, 1.0]])
    corners = torch.tensor([[2.0, 3.0, 1.0]])
    none, learned = torch.zeros(1, 0, 256), torch.randn(1, 2, 256)
    mask = torch.randn(1, 1, low, low) * 4
    return {
        "a click": Prompt(coords[:, :1], labels[:, :1], none),
        "three clicks": Prompt(coords, labels, none),
        "a box and a click": Prompt(coords, corners, none),
        "clicks and padding": Prompt(coords, torch.tensor([[1.0, -1.0, -1.0]]), none),
        "learned tokens": Prompt(coords, labels, learned),
        "a previous mask": Prompt(coords, labels, none, mask, torch.ones(1)),
        "no previous mask": Prompt(coords, labels, none, mask, torch.zeros(1)),
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_the_halves_say_what_the_whole_says(model: Any, shape: str) -> None:
    embedding = tuple(example_embedding(model).values())
    split = split_decoder(model, model.family)
    side = model.spec.preprocessing.input_size
    size = torch.tensor(SHAPES[shape]) * side
    assert split.prepared and split.defaults == {"valid_size": [side, side]}
    with torch.no_grad():
        prepared = split.prepare(*embedding)
        for kind, prompt in prompts(model).items():
            expected, ratings = model.decode(
                embedding, prompt.point_coords, prompt.point_labels, prompt.prompt_tokens,
                prompt.mask_input, prompt.has_mask_input,
            )  # fmt: skip
            prompt.options = {"valid_size": size}
            found, found_ratings = split.decode(prepared, prompt)
            # What a pixel of the image is a mixture of: its cells, and one at the far edges.
            rows, columns = (
                min(expected.shape[-1], int(share * expected.shape[-1]) + 2)
                for share in SHAPES[shape]
            )
            gap = (expected - found)[..., :rows, :columns].abs().max() / expected.std()
            assert gap < 1e-4, kind
            assert (ratings - found_ratings).abs().max() < 1e-5, kind
            assert found.shape == expected.shape


def test_the_graphs_say_it_too(model: Any, tmp_path: Path) -> None:
    import onnxruntime

    split = split_decoder(model, model.family)
    embedding = example_embedding(model)
    size = torch.tensor(SHAPES["wide"]) * model.spec.preprocessing.input_size
    sessions = {}
    for name, graph in decoder_graphs(model, split).items():
        write_graph(graph, tmp_path / f"{name}.onnx", half=False)
        sessions[name] = onnxruntime.InferenceSession(
            str(tmp_path / f"{name}.onnx"), providers=["CPUExecutionProvider"]
        )
    given = {name: value.numpy() for name, value in embedding.items()}
    made = dict(
        zip(split.prepared, sessions["prepare"].run(list(split.prepared), given), strict=True)
    )
    for kind, prompt in prompts(model).items():
        inputs = {
            "point_coords": prompt.point_coords, "point_labels": prompt.point_labels,
            "prompt_tokens": prompt.prompt_tokens, "valid_size": size,
        }  # fmt: skip
        name = "decode"
        if prompt.mask_input is not None:
            name = "decode_with_mask"
            inputs |= {"mask_input": prompt.mask_input, "has_mask_input": prompt.has_mask_input}
        feeds = given | made | {key: value.numpy() for key, value in inputs.items()}
        wanted = {entry.name for entry in sessions[name].get_inputs()}
        found, _ = sessions[name].run(None, {k: v for k, v in feeds.items() if k in wanted})
        with torch.no_grad():
            expected, _ = model.decode(
                tuple(embedding.values()), prompt.point_coords, prompt.point_labels,
                prompt.prompt_tokens, prompt.mask_input, prompt.has_mask_input,
            )  # fmt: skip
        rows = int(SHAPES["wide"][0] * found.shape[-2]) + 2
        gap = np.abs(expected.numpy() - found)[..., :rows, :].max() / expected.std().item()
        assert gap < 1e-4, kind
