"""An encoder as one ONNX file, for families of different build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
onnx = pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")

from workers.sam.families import build, encoder_graph  # noqa: E402
from workers.sam.families.encoder_graph import export_encoder  # noqa: E402


def shrunken() -> Any:
    torch.manual_seed(0)
    return build("efficient-sam-ti", input_size=128, depth=2).eval()


def answers(path: Path, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["image_embeddings"], {"image": images})


def test_the_graph_answers_as_pytorch_does_for_any_number_of_images(tmp_path: Path) -> None:
    model, path = shrunken(), tmp_path / "encoder.onnx"
    export_encoder(model, path)
    images = np.random.default_rng(0).normal(0, 1, (3, 3, 128, 128)).astype(np.float32)
    with torch.no_grad():
        (expected,) = model.encode(torch.from_numpy(images))
    (found,) = answers(path, images)
    assert np.abs(expected.numpy() - found).max() < 1e-4 * expected.std().item()
    (alone,) = answers(path, images[1:2])
    assert np.abs(alone - found[1:2]).max() < 1e-4


def test_the_file_stands_alone_and_any_reader_understands_it(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    export_encoder(shrunken(), path)
    assert list(tmp_path.iterdir()) == [path]
    graph = onnx.load(str(path), load_external_data=False)
    assert [entry.version for entry in graph.opset_import if entry.domain == ""] == [17]
    assert all(node.domain in ("", "ai.onnx") for node in graph.graph.node)
    assert not any(
        constant.data_location == onnx.TensorProto.EXTERNAL for constant in graph.graph.initializer
    )
    assert [entry.name for entry in graph.graph.output] == ["image_embeddings"]


def test_no_side_of_the_grid_is_worked_out_when_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    export_encoder(shrunken(), path)
    kinds = {node.op_type for node in onnx.load(str(path)).graph.node}
    assert not kinds & {"Shape", "Resize", "BatchNormalization", "If", "Loop", "ConstantOfShape"}


def test_half_weights_halve_the_file_and_cost_little(tmp_path: Path) -> None:
    model, whole, half = shrunken(), tmp_path / "whole.onnx", tmp_path / "half.onnx"
    export_encoder(model, whole)
    export_encoder(model, half, half=True)
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    images = np.random.default_rng(0).normal(0, 1, (1, 3, 128, 128)).astype(np.float32)
    (exact,), (near,) = answers(whole, images), answers(half, images)
    assert 0 < np.abs(exact - near).max() < 0.02


def test_what_does_not_fit_into_one_file_is_stored_as_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = shrunken(), tmp_path / "encoder.onnx"
    monkeypatch.setattr(encoder_graph, "LARGEST_FILE", 1_000_000)
    export_encoder(model, path)
    constants = {constant.data_type for constant in onnx.load(str(path)).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in constants
    images = np.random.default_rng(0).normal(0, 1, (2, 3, 128, 128)).astype(np.float32)
    with torch.no_grad():
        (expected,) = model.encode(torch.from_numpy(images))
    assert np.abs(expected.numpy() - answers(path, images)[0]).max() < 0.02


FAMILIES = {
    "mobile-sam": {"depths": (1, 1, 1, 1)},
    "efficient-sam-ti": {"depth": 2},
    "sam-vit-b": {"depth": 2, "global_blocks": (1,)},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_gives_the_same_as_onnx(name: str, tmp_path: Path) -> None:
    """At 512 px, where the global attention of SAM is written in several bands."""
    torch.manual_seed(0)
    model, path = build(name, input_size=512, **FAMILIES[name]).eval(), tmp_path / "encoder.onnx"
    for value in model.parameters():  # positions start as zeros, which would hide a mistake
        if not value.any():
            torch.nn.init.normal_(value, std=0.1)
    export_encoder(model, path)
    images = np.random.default_rng(0).normal(0, 1, (2, 3, 512, 512)).astype(np.float32)
    with torch.no_grad():
        (expected,) = model.encode(torch.from_numpy(images))
    (found,) = answers(path, images)
    assert np.abs(expected.numpy() - found).max() < 1e-4 * expected.std().item()
