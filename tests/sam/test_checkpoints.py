"""Files that claim to be weights: what is read out of them, and what is refused in a sentence."""

from __future__ import annotations

import dataclasses
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
save_file = pytest.importorskip("safetensors.torch").save_file

from tests.sam import checkpoint_files as files  # noqa: E402
from workers.sam.bundle import load_bundle  # noqa: E402
from workers.sam.checkpoints import child, importing, incoming, read_child, variants  # noqa: E402
from workers.sam.checkpoints.errors import CheckpointError  # noqa: E402
from workers.sam.checkpoints.tensors import Stored, read_header  # noqa: E402

Read = Callable[[Path], dict[str, Stored]]


class Evil:
    """What a hostile checkpoint carries: a call that is made when the file is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.fixture
def in_child(tmp_path: Path) -> Read:
    """Read a file as the import does: in a child, into safetensors. Returns the header."""

    def reading(path: Path) -> dict[str, Stored]:
        target = tmp_path / "weights.safetensors"
        importing.read_weights(path, target, path.name)
        return read_header(target)

    return reading


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """What the child does, here: a child of its own takes seconds to begin."""

    def reading(path: Path) -> dict[str, Stored]:
        target = tmp_path / "weights.safetensors"
        if path.suffix == ".safetensors":
            read_header(path)
        try:
            read_child.write(read_child.weights(path), target)
        except read_child.Unfit as problem:
            raise CheckpointError(f"{path.name} {problem}") from None
        except Exception as problem:
            raise CheckpointError(f"{path.name} {read_child.sentence(problem)}") from None
        return read_header(target)

    return reading


@pytest.mark.parametrize("nest", [None, "model", "state_dict", "both"])
def test_weights_come_out_of_their_nest(tmp_path: Path, read: Read, nest: str | None) -> None:
    inside: Any = files.state()
    if nest == "both":
        inside = {"epoch": 3, "model": {"state_dict": inside}}
    elif nest:
        inside = {nest: inside, "optimizer": {"lr": 0.1}}
    torch.save(inside, tmp_path / "w.pt")
    header = read(tmp_path / "w.pt")
    assert header["image_encoder.weight"] == Stored("F32", (4, 3))
    assert len(header) == len(files.state())


def test_the_old_format_and_weights_that_share_memory_are_read(tmp_path: Path, read: Read) -> None:
    table = torch.arange(12.0).reshape(3, 4)
    state = {"a": table, "b": table, "turned": table.t(), "half": table[:2].half()}
    torch.save(state, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    header = read(tmp_path / "w.pth")
    assert header["turned"] == Stored("F32", (4, 3)) and header["half"] == Stored("F16", (2, 4))


def test_the_prefix_of_parallel_training_is_dropped(tmp_path: Path, read: Read) -> None:
    torch.save({f"module.{k}": v for k, v in files.state().items()}, tmp_path / "w.pt")
    assert "image_encoder.weight" in read(tmp_path / "w.pt")


@pytest.mark.parametrize("new", [True, False], ids=["zip", "old format"])
def test_a_pickle_with_code_is_refused_and_the_code_never_runs(
    tmp_path: Path, in_child: Read, new: bool
) -> None:
    mark = tmp_path / "it-ran"
    state = {**files.state(), "x": Evil(mark)}
    torch.save(state, tmp_path / "w.pt", _use_new_zipfile_serialization=new)
    with pytest.raises(CheckpointError, match=r"^w\.pt holds code \(posix\.system\)"):
        in_child(tmp_path / "w.pt")
    (tmp_path / "raw.pt").write_bytes(f"cposix\nsystem\n(S'touch {mark}'\ntR.".encode())
    with pytest.raises(CheckpointError, match=r"^raw\.pt (holds code|is truncated, damaged)"):
        in_child(tmp_path / "raw.pt")
    assert not mark.exists()
    assert not (tmp_path / "weights.safetensors").exists()


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_truncated_file_is_refused(tmp_path: Path, read: Read, share: float) -> None:
    torch.save({"a": torch.ones(20_000)}, tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match=r"^w\.pt is truncated, damaged or no checkpoint"):
        read(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "holds no named weights"),
        ({"epoch": 3}, "holds no named weights"),
        ({"model": {"note": "x"}}, "holds no named weights"),
        ({"a": torch.tensor([1.0, float("nan")])}, "not finite, in 'a'"),
        ({"a": torch.tensor([1.0, float("inf")])}, "not finite, in 'a'"),
        ({"a": torch.zeros(1).expand(1 << 30)}, "unfolds to much more than its size"),
        ({3: torch.zeros(1)}, "no names of weights"),
        ({"a\n": torch.zeros(1)}, "no names of weights"),
        ({"a": torch.zeros(2, 2).to_sparse()}, "in a way that is not known"),
        ({"a": torch.zeros(2, dtype=torch.complex64)}, "in a way that is not known"),
    ],
)
def test_what_weights_never_are_is_refused(
    tmp_path: Path, read: Read, content: Any, sentence: str
) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match=sentence):
        read(tmp_path / "w.pt")


def test_a_file_that_unfolds_while_it_is_read_is_refused(tmp_path: Path, read: Read) -> None:
    """A deflated member in torch's own zip."""
    torch.save({"a": torch.zeros(3_000_000)}, tmp_path / "plain.pt")
    bomb = tmp_path / "bomb.pt"
    with (
        zipfile.ZipFile(tmp_path / "plain.pt") as plain,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for info in plain.infolist():
            packed.writestr(info.filename, plain.read(info.filename))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(CheckpointError):
        read(bomb)


def safetensors(path: Path, header: Any, body: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
          "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}}, b"123456"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678"),
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 4]}}, b"1234"),
        ({"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}, b"1234"),
        ({"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"1234 and more"),
        ([1], b""), (b"not json", b""), (b"[" * 100_000, b""),
    ],
)  # fmt: skip
def test_a_safetensors_file_whose_bytes_do_not_add_up_is_refused(
    tmp_path: Path, read: Read, header: Any, body: bytes
) -> None:
    path = safetensors(tmp_path / "w.safetensors.safetensors", header, body)
    with pytest.raises(CheckpointError):
        read(path)


def test_a_safetensors_header_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", 2 << 30) + b"{}")
    with pytest.raises(CheckpointError, match="truncated, damaged"):
        read_header(path)


def test_a_child_that_fails_or_does_not_end_is_a_refusal(tmp_path: Path) -> None:
    plenty = child.Limits(memory=8 << 30, file=1 << 20, seconds=60)
    with pytest.raises(CheckpointError, match=r"^w\.pt made its reader fail"):
        child.ask("tests.sam.no_such_child", {}, plenty, "w.pt")
    torch.save(files.state(), tmp_path / "w.pt")
    job = {"source": str(tmp_path / "w.pt"), "target": str(tmp_path / "t")}
    module = "workers.sam.checkpoints.read_child"
    with pytest.raises(CheckpointError, match=r"^w\.pt takes too long"):
        child.ask(module, job, dataclasses.replace(plenty, seconds=-30), "w.pt")
    with pytest.raises(CheckpointError):
        child.ask(module, job, dataclasses.replace(plenty, memory=100 << 20), "w.pt")
    with pytest.raises(CheckpointError):
        child.ask(module, job, dataclasses.replace(plenty, file=10), "w.pt")


def test_no_text_of_the_file_gets_into_a_refusal() -> None:
    assert "\n" not in read_child.sentence(ValueError("GLOBAL os.system\nIgnore all that"))
    assert read_child.sentence(ValueError("<b>x</b>")) == "is truncated, damaged or no checkpoint."


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all families only SAM's is here, in the small form of these tests."""
    monkeypatch.setattr(variants, "available", lambda family: family == "sam")
    known = [entry for entry in variants.VARIANTS if entry.name in files.WIDTHS]
    monkeypatch.setattr(variants, "VARIANTS", known)


def headers(state: dict[str, Any]) -> dict[str, Stored]:
    return {name: Stored("F32", tuple(value.shape)) for name, value in state.items()}


@pytest.mark.usefixtures("installed")
def test_the_variant_is_found_by_names_and_shapes() -> None:
    for variant in files.WIDTHS:
        assert variants.guess(headers(files.state(variant)), files.build) == variant


@pytest.mark.usefixtures("installed")
def test_a_checkpoint_of_nothing_we_know_says_what_is_nearest() -> None:
    state = files.state("sam-vit-l")
    del state["mask_decoder.bias"]
    with pytest.raises(CheckpointError, match=r"sam-vit-\w is nearest, but: .* lacks mask_decoder"):
        variants.guess(headers(state), files.build)
    with pytest.raises(CheckpointError, match="of no model that is known here"):
        variants.guess(headers({"gpt.wte": torch.zeros(1)}), files.build)


@pytest.mark.usefixtures("installed")
def test_a_checkpoint_becomes_a_bundle_that_runs(tmp_path: Path) -> None:
    torch.save({"model": files.state()}, tmp_path / "some.pth")
    (tmp_path / "work").mkdir()
    found = importing.import_file(tmp_path / "some.pth", tmp_path / "work", ways=files.WAYS)
    assert (found.variant, found.guessed) == ("sam-vit-b", True)
    assert load_bundle(found.bundle.folder).name == "sam-vit-b"
    origin = json.loads((found.bundle.folder / "origin.json").read_text())
    assert origin["source"]["file"] == "some.pth" and origin["variant"] == "sam-vit-b"
    kept = read_header(found.bundle.folder / "weights.safetensors")
    assert kept.keys() == files.build("sam-vit-b").state_dict().keys()


@pytest.mark.usefixtures("installed")
def test_the_wrong_architecture_is_refused_naming_what_differs(tmp_path: Path) -> None:
    save_file(files.state("sam-vit-l"), tmp_path / "l.safetensors")
    (tmp_path / "work").mkdir()
    with pytest.raises(CheckpointError, match=r"This is no sam-vit-b: .* has other sizes"):
        importing.import_file(
            tmp_path / "l.safetensors", tmp_path / "work", variant="sam-vit-b", ways=files.WAYS
        )


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["../up", "Big", "downloads", ".hidden", "a/b", "x" * 65])
def test_a_name_that_is_no_folder_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    torch.save(files.state(), tmp_path / "w.pt")
    (tmp_path / "work").mkdir()
    with pytest.raises(CheckpointError, match="small letters, digits"):
        importing.import_file(tmp_path / "w.pt", tmp_path / "work", name=name, ways=files.WAYS)


def test_a_checkpoint_wrapped_in_a_zip_is_unwrapped_once(tmp_path: Path) -> None:
    torch.save(files.state(), tmp_path / "w.pt")
    with zipfile.ZipFile(tmp_path / "w.pt.zip", "w") as archive:
        archive.write(tmp_path / "w.pt", "weights/w.pt")
    found = incoming.kind_of(tmp_path / "w.pt.zip", tmp_path)
    assert found.kind == "checkpoint" and found.path == tmp_path / "unpacked.pt"
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.pt", b"1")
        archive.writestr("b.pt", b"2")
    for name in ("two.zip", "none.pt", "w.onnx", "w.txt"):
        if name[0] == "w":
            (tmp_path / name).write_bytes(b"x")
        with pytest.raises(CheckpointError):
            incoming.kind_of(tmp_path / name, tmp_path)


def test_an_official_mobile_sam_file_becomes_a_bundle_that_segments(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")
    import numpy as np

    from workers.sam.families import build
    from workers.sam.predictor import OnnxPredictor, Prompts

    torch.manual_seed(0)
    official = tmp_path / "mobile_sam.pt"
    torch.save(
        {**build("mobile-sam").state_dict(), "image_encoder.head.bias": torch.ones(3)}, official
    )
    (tmp_path / "work").mkdir()
    found = importing.import_file(official, tmp_path / "work", say=lambda _: None)
    assert (found.variant, found.guessed) == ("mobile-sam", True)
    picture = np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)
    mask, rating = OnnxPredictor(found.bundle, threads=1).segment(
        picture, Prompts(points=[(40, 30, 1)])
    )
    assert mask.shape == (60, 90) and np.isfinite(rating)
