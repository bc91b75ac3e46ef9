"""ONNX files from elsewhere: looked through before any runtime opens them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sam.conftest import ready_bundle
from workers.sam.bundle import bundle_id, find_bundle
from workers.sam.checkpoints import graphs
from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.graphs import check_graph
from workers.sam.checkpoints.importing import import_file
from workers.sam.checkpoints.wire import Damaged, Piece


@pytest.fixture
def onnx() -> Any:
    return pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")


def model(onnx: Any, *nodes: Any, **more: Any) -> Any:
    """A graph of one addition, and whatever else a test puts in."""
    helper, float_ = onnx.helper, onnx.TensorProto.FLOAT
    weight = onnx.numpy_helper.from_array(np.ones(3, np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"]), *nodes], "g",
        [helper.make_tensor_value_info("x", float_, [3])],
        [helper.make_tensor_value_info("y", float_, [3])],
        [weight],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], **more)


def written(path: Path, made: Any) -> Path:
    path.write_bytes(made.SerializeToString())
    return path


def test_what_ships_passes_and_its_names_are_read_as_onnx_reads_them(onnx: Any) -> None:
    for path in find_bundle().folder.glob("*.onnx"):
        inputs, outputs = check_graph(path)
        graph = onnx.load(str(path)).graph
        assert (inputs, outputs) == ([i.name for i in graph.input], [o.name for o in graph.output])


def test_a_plain_graph_passes(onnx: Any, tmp_path: Path) -> None:
    assert check_graph(written(tmp_path / "a.onnx", model(onnx))) == (["x"], ["y"])


def test_weights_in_other_files_are_refused(onnx: Any, tmp_path: Path) -> None:
    made = model(onnx)
    onnx.external_data_helper.set_external_data(
        made.graph.initializer[0], location="../../etc/passwd"
    )
    with pytest.raises(CheckpointError, match=r"a\.onnx keeps weights in other files"):
        check_graph(written(tmp_path / "a.onnx", made))
    made.graph.initializer[0].data_location = 0  # the path alone is refused as well
    with pytest.raises(CheckpointError, match="keeps weights in other files"):
        check_graph(written(tmp_path / "a.onnx", made))


def test_weights_in_other_files_inside_an_attribute_are_refused(onnx: Any, tmp_path: Path) -> None:
    value = onnx.numpy_helper.from_array(np.ones(3, np.float32), "v")
    value.data_location = onnx.TensorProto.EXTERNAL
    made = model(onnx, onnx.helper.make_node("Constant", [], ["c"], value=value))
    with pytest.raises(CheckpointError, match="keeps weights in other files"):
        check_graph(written(tmp_path / "a.onnx", made))


@pytest.mark.parametrize("domain", ["evil.ops", "com.microsoft", "ai.onnx.ml"])
def test_custom_operators_are_refused_by_name(onnx: Any, tmp_path: Path, domain: str) -> None:
    made = model(onnx, onnx.helper.make_node("Run", ["x"], ["z"], domain=domain))
    with pytest.raises(CheckpointError, match=rf"needs the custom operator {domain}\.Run"):
        check_graph(written(tmp_path / "a.onnx", made))


def test_functions_of_its_own_are_refused(onnx: Any, tmp_path: Path) -> None:
    helper = onnx.helper
    loop = helper.make_function(
        "local", "Again", ["a"], ["b"], [helper.make_node("Again", ["a"], ["b"], domain="local")],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    with pytest.raises(CheckpointError, match="defines functions of its own"):
        check_graph(written(tmp_path / "a.onnx", model(onnx, functions=[loop])))


def test_control_flow_is_refused(onnx: Any, tmp_path: Path) -> None:
    helper = onnx.helper
    inner = helper.make_graph([helper.make_node("Identity", ["x"], ["i"])], "inner", [], [])
    made = model(onnx, helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner))
    with pytest.raises(CheckpointError, match=r"has control flow \(If\)"):
        check_graph(written(tmp_path / "a.onnx", made))


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    with path.open("wb") as file:
        file.truncate(1 << 31)
    with pytest.raises(CheckpointError, match="larger than 2 GB"):
        check_graph(path)


def test_more_operators_than_any_model_has_are_refused(
    onnx: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "MOST_NODES", 3)
    more = [onnx.helper.make_node("Relu", ["x"], [f"r{n}"]) for n in range(3)]
    with pytest.raises(CheckpointError, match="more than 3 operators"):
        check_graph(written(tmp_path / "a.onnx", model(onnx, *more)))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_or_foreign_file_is_refused(onnx: Any, tmp_path: Path, share: float) -> None:
    whole = model(onnx).SerializeToString()
    for content in (
        whole[: int(len(whole) * share)],
        b"",
        b"\x89PNG\r\n",
        b"\xff" * 64,
        b"\x3a\x00",
    ):
        (tmp_path / "a.onnx").write_bytes(content)
        with pytest.raises(CheckpointError):
            check_graph(tmp_path / "a.onnx")


def test_numbers_on_the_wire_end_where_their_message_ends() -> None:
    for bad in (b"\x80", b"\x08\x80", b"\x0a\x05abc", b"\x0b", b"\x00\x01", b"\x08" + b"\x80" * 11):
        with pytest.raises(Damaged):
            list(Piece(bad, 0, len(bad)).fields())
    message = b"\x08\x96\x01\x12\x02hi\x1d\x00\x00\x80\x3f"
    number, text, real = [value for _, value in Piece(message, 0, len(message)).fields()]
    assert number == 150 and isinstance(text, Piece) and text.text() == "hi"
    assert isinstance(real, Piece) and len(real) == 4


@pytest.mark.parametrize("shape", ["folder", "zip", "zip with a folder"])
def test_a_ready_bundle_is_taken_with_its_id(tmp_path: Path, shape: str) -> None:
    source = tmp_path / "source"
    manifest = ready_bundle(source, "mine")
    (source / "unnamed.txt").write_text("not taken along")
    if shape != "folder":
        inside = "mine/" if shape == "zip with a folder" else ""
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
            for path in source.iterdir():
                archive.write(path, inside + path.name)
        source = tmp_path / "mine.zip"
    (tmp_path / "work").mkdir()
    found = import_file(source, tmp_path / "work")
    assert found.bundle.id == bundle_id(manifest) and found.variant is None
    named = {graph["file"] for graph in manifest["graphs"].values()}
    assert {path.name for path in found.bundle.folder.iterdir()} == named | {"manifest.json"}


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("missing", r"lacks its file decode\.onnx"),
        ("swapped", "sha256 differs"),
        ("path", "must be NAME.onnx in its folder"),
        ("not json", "is not JSON"),
        ("list of graphs", "does not list its graphs"),
        ("its name", "small letters, digits"),
        ("its sizes", "answers low_res_masks of the size"),
        ("its tensors", "answers the tensor image_embeddings of the size"),
        ("no graph at all", "is damaged or no ONNX file"),
    ],
)
def test_a_ready_bundle_that_is_not_what_it_says_is_refused(
    tmp_path: Path, harm: str, sentence: str
) -> None:
    source = tmp_path / "source"
    manifest = ready_bundle(source, "mine")
    if harm == "missing":
        (source / "decode.onnx").unlink()
    elif harm == "swapped":
        (source / "decode.onnx").write_bytes((source / "prepare.onnx").read_bytes())
    elif harm == "path":
        manifest["graphs"]["decode"]["file"] = "../../secret.onnx"
    elif harm == "list of graphs":
        manifest["graphs"] = ["encoder"]
    elif harm == "its name":
        manifest["name"] = "../mine"
    elif harm == "its sizes":
        manifest["low_res_size"] = [64, 64]
    elif harm == "its tensors":
        manifest["tensors"][0]["shape"] = [1, 96, 16, 16]
    elif harm == "no graph at all":
        (source / "decode.onnx").write_bytes(b"x")
        from workers.sam.bundle import file_entry

        manifest["graphs"]["decode"] |= file_entry(source / "decode.onnx")
    text = "{" if harm == "not json" else json.dumps(manifest)
    (source / "manifest.json").write_text(text)
    (tmp_path / "work").mkdir()
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        import_file(source, tmp_path / "work")
    assert str(tmp_path) not in str(refusal.value) or harm == "swapped"


def test_a_zip_that_lies_about_its_bundle_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ready_bundle(source, "mine")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in source.iterdir():
            archive.write(path, path.name)
    whole = (tmp_path / "mine.zip").read_bytes()
    for cut in (0.3, 0.99):
        (tmp_path / "cut.zip").write_bytes(whole[: int(len(whole) * cut)])
        with pytest.raises(CheckpointError):
            import_file(tmp_path / "cut.zip", tmp_path / "work")
