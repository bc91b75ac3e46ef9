"""What the model's tests share: the shipped bundle, and a model with random weights, exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.sam.bundle import find_bundle
from workers.sam.predictor import OnnxPredictor

DEMO = Path(__file__).resolve().parents[2] / "samweb" / "exports" / "demo" / "data"


@pytest.fixture(scope="session")
def shipped() -> OnnxPredictor:
    """The bundle that ships, on one thread."""
    return OnnxPredictor(find_bundle(), threads=1)


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A small picture with a bright disc on a dark ground, RGB uint8, 90 x 120."""
    y, x = np.mgrid[:90, :120]
    disc = (x - 70) ** 2 + (y - 40) ** 2 < 25**2
    picture = np.full((90, 120, 3), (40, 60, 50), np.uint8)
    picture[disc] = (220, 60, 40)
    noise = np.random.default_rng(0).normal(0, 6, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, OnnxPredictor]:
    """A PyTorch model with random weights and the bundle exported from it."""
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")
    from workers.sam.families.small.model import Sam
    from workers.sam.training.export import export_graphs, write_manifest

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = Sam().eval()
    folder = tmp_path_factory.mktemp("bundle")
    names = export_graphs(model, folder)
    candidates = ["single", "whole", "part", "subpart"]
    about = {"version": "0.0.0", "candidates": candidates, "training": {}}
    about |= {
        "embedding_dtype": "float16"
    }  # the finest that is stored: what is tested is the graphs
    write_manifest(model, folder, names, about)
    return model, OnnxPredictor(folder, threads=1)
