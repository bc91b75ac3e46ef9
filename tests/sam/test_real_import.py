"""A random checkpoint in the official layout, through the real exporter, to a bundle that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")

from workers.sam.checkpoints import importing, variants  # noqa: E402
from workers.sam.families import build  # noqa: E402
from workers.sam.families.base import PromptableModel  # noqa: E402

SHALLOW = {"sam-vit-b": {"dim": 32, "depth": 2, "heads": 2, "global_blocks": (1,)}}


def shallow(name: str) -> PromptableModel:
    """SAM ViT-B with two narrow blocks; everything around them at full size."""
    torch.manual_seed(0)
    return build(name, **SHALLOW[name])


def test_sam_imports_from_a_pth_to_a_bundle_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [entry for entry in variants.VARIANTS if entry.name in SHALLOW]
    monkeypatch.setattr(variants, "VARIANTS", known)
    torch.save(shallow("sam-vit-b").state_dict(), tmp_path / "sam_vit_b.pth")
    (tmp_path / "work").mkdir()
    ways = importing.Ways(shallow, importing.standard_ways().export)
    found = importing.import_file(
        tmp_path / "sam_vit_b.pth", tmp_path / "work", name="our-sam", ways=ways
    )
    assert (found.variant, found.guessed) == ("sam-vit-b", True)
    manifest = found.bundle.manifest
    assert manifest["name"] == "our-sam" and manifest["weights"]["variant"] == "sam-vit-b"


def test_every_family_that_is_here_can_be_asked_without_memory() -> None:
    """The guess builds each variant on the device that holds nothing."""
    from workers.sam.checkpoints.tensors import Stored

    with torch.device("meta"):
        state = build("sam-vit-b").state_dict()
    header = {name: Stored("F32", tuple(value.shape)) for name, value in state.items()}
    assert variants.guess(header) == "sam-vit-b"
    with pytest.raises(importing.CheckpointError, match="is nearest|of no model"):
        variants.guess({name: entry for name, entry in header.items() if "neck" not in name})
