"""Encoding with PyTorch gives what the ONNX encoder gives, in order, whatever the batch."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")

from safetensors.torch import save_file  # noqa: E402

from workers.sam import torch_encoder  # noqa: E402
from workers.sam.bundle import BundleError, file_entry  # noqa: E402
from workers.sam.families import build  # noqa: E402
from workers.sam.families.encoder_graph import export_encoder  # noqa: E402
from workers.sam.predictor import OnnxPredictor  # noqa: E402
from workers.sam.torch_encoder import TorchEncoder  # noqa: E402

SIZE = 128
VARIANT = "efficient-sam-ti"


def shrunken(name: str = VARIANT) -> Any:
    return build(name, input_size=SIZE, depth=2).eval()


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of a small model with weights; its decoder is of no interest here."""
    monkeypatch.setattr(torch_encoder, "build", shrunken)
    torch.manual_seed(0)
    model = shrunken()
    export_encoder(model, tmp_path / "encoder.onnx")
    (tmp_path / "decode.onnx").write_bytes(b"nothing")
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    write(tmp_path, {**file_entry(tmp_path / "weights.safetensors"), "variant": VARIANT})
    return tmp_path


def write(folder: Path, weights: dict[str, Any] | None) -> None:
    shape = [1, 256, SIZE // 16, SIZE // 16]
    manifest = {
        "format": 1, "name": "shrunken", "version": "1", "low_res_size": [32, 32],
        "candidates": ["single"], "single_candidate": 0, "prompt_token_channels": 256,
        "preprocess": {"input_size": [SIZE, SIZE]},
        "tensors": [{"name": "image_embeddings", "shape": shape, "dtype": "float16"}],
        "graphs": {name: file_entry(folder / f"{name}.onnx") for name in ("encoder", "decode")},
        "weights": weights,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def pictures(count: int) -> list[np.ndarray]:
    noise = np.random.default_rng(0)
    sizes = [(90, 120), (128, 40), (1, 1), (60, 60), (200, 30)]
    return [
        noise.integers(0, 256, (*sizes[n % len(sizes)], 3), dtype=np.uint8) for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_it_agrees_with_the_onnx_encoder_image_by_image(bundle: Path, count: int) -> None:
    encoder = TorchEncoder(bundle, device="cpu", compiled=False, batch=2)
    found = encoder.encode(pictures(count))
    assert len(found) == count
    predictor = OnnxPredictor(bundle, threads=1)
    for picture, tensors in zip(pictures(count), found, strict=True):
        (expected,) = predictor.encode([picture])
        assert tensors["image_embeddings"].dtype == np.float16
        difference = tensors["image_embeddings"] - expected["image_embeddings"]
        assert np.abs(difference).max() < 0.01


def test_pictures_are_decoded_in_threads_once_and_only_a_few_ahead(bundle: Path) -> None:
    asked: list[int] = []
    done: list[int] = []

    class Files(Sequence[np.ndarray]):
        """Decodes when asked, like the files of a batch."""

        def __len__(self) -> int:
            return 12

        def __getitem__(self, at: Any) -> Any:
            assert threading.current_thread() is not threading.main_thread()
            asked.append(at)
            return np.full((20, 30, 3), 10 * at, np.uint8)

    encoder = TorchEncoder(bundle, device="cpu", compiled=False, batch=2)
    keep = encoder._encode

    def noted(images: Any) -> Any:
        done.append(len(asked))
        return keep(images)

    encoder._encode = noted
    found = encoder.encode(Files())
    assert sorted(asked) == list(range(12))
    assert done[0] <= 2 * (1 + torch_encoder.AHEAD)
    means = [tensors["image_embeddings"].astype(np.float32) for tensors in found]
    assert all(np.abs(a - b).max() > 0.01 for a, b in zip(means, means[1:], strict=False))


def test_a_picture_that_cannot_be_decoded_ends_the_batch_with_its_own_error(bundle: Path) -> None:
    encoder = TorchEncoder(bundle, device="cpu", compiled=False)
    with pytest.raises(ValueError, match="not enough values"):
        encoder.encode([*pictures(2), np.zeros(3, np.uint8)])


@pytest.mark.parametrize("trouble", ["none", "another file", "another model", "unknown variant"])
def test_weights_that_do_not_fit_are_refused_in_a_sentence(bundle: Path, trouble: str) -> None:
    entry = {**file_entry(bundle / "weights.safetensors"), "variant": VARIANT}
    if trouble == "none":
        write(bundle, None)
    elif trouble == "another file":
        (bundle / "weights.safetensors").write_bytes(b"something else")
    elif trouble == "another model":
        write(bundle, {**entry, "variant": "efficient-sam-s"})
    else:
        write(bundle, {**entry, "variant": "sam-of-tomorrow"})
    with pytest.raises(BundleError) as caught:
        TorchEncoder(bundle, device="cpu", compiled=False)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_model_that_cannot_be_compiled_is_used_as_it_is(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_compiler(*_: Any, **__: Any) -> Any:
        def fails(_: Any) -> Any:
            raise RuntimeError("no C++ compiler")

        return fails

    monkeypatch.setattr(torch, "compile", no_compiler)
    encoder = TorchEncoder(bundle, device="cpu", compiled=True)
    assert len(encoder.encode(pictures(1))) == 1


def test_folded_positions_give_the_same_embedding() -> None:
    torch.manual_seed(0)
    model = build("sam-vit-b", depth=2, global_blocks=(1,), input_size=SIZE).eval()
    for name, value in model.named_parameters():
        if "rel_pos" in name:
            torch.nn.init.normal_(value, std=0.2)
    image = torch.randn(2, 3, SIZE, SIZE)
    with torch.no_grad():
        (expected,) = model.encode(image)
        torch_encoder.fold_positions(model)
        (found,) = model.encode(image)
    assert (found - expected).abs().max() < 1e-4 * expected.std()
