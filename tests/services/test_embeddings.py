"""Bundles and embeddings: what is registered, what is stored, what is asked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samweb.core.errors import Unprocessable
from samweb.core.files import store
from samweb.core.models import Run
from samweb.embeddings import selectors, services
from samweb.embeddings.models import Bundle, Embedding
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


def bundle_folder(folder: Path, name: str = "tiny") -> dict[str, Any]:
    """A bundle of files that nobody can run; returns its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    graphs: dict[str, Any] = {"prepare": None}
    for graph in ("encoder", "decode", "decode_with_mask"):
        content = f"{name} {graph}".encode()
        (folder / f"{graph}.onnx").write_bytes(content)
        graphs[graph] = {
            "file": f"{graph}.onnx", "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }  # fmt: skip
    tensors = [
        {"name": "image_embeddings", "shape": [1, 4, 2, 2], "dtype": "float16"},
        {"name": "edges", "shape": [1, 1, 2, 3], "dtype": "float16"},
    ]
    return {"name": name, "tensors": tensors, "graphs": graphs}


def registered(folder: Path, name: str = "tiny") -> Bundle:
    return services.bundle_register(bundle_folder(folder / name, name), folder / name)


def tensors(value: float = 1.0) -> dict[str, np.ndarray]:
    return {
        "image_embeddings": np.full((1, 4, 2, 2), value, np.float16),
        "edges": np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3),
    }


def test_a_bundle_is_named_by_its_manifest_and_registered_once(tmp_path: Path) -> None:
    first, second = registered(tmp_path), registered(tmp_path)
    assert first.id == second.id and Bundle.objects.count() == 1
    canonical = json.dumps(first.manifest, sort_keys=True, separators=(",", ":")).encode()
    assert first.id == hashlib.sha256(canonical).hexdigest()
    assert all(
        store().exists("bundles", graph["sha256"])
        for graph in first.manifest["graphs"].values()
        if graph
    )


@pytest.mark.parametrize("harm", ["missing", "other bytes", "path", "no tensors", "no decoder"])
def test_a_bundle_that_is_not_what_it_says_is_refused(tmp_path: Path, harm: str) -> None:
    manifest = bundle_folder(tmp_path / "b")
    if harm == "missing":
        (tmp_path / "b" / "decode.onnx").unlink()
    elif harm == "other bytes":
        (tmp_path / "b" / "decode.onnx").write_bytes(b"something else")
    elif harm == "path":
        manifest["graphs"]["decode"]["file"] = "../decode.onnx"
    elif harm == "no tensors":
        manifest["tensors"] = []
    else:
        manifest["graphs"]["decode"] = None
    with pytest.raises(services.BadBundle):
        services.bundle_register(manifest, tmp_path / "b")
    assert not Bundle.objects.exists()


def test_stored_bytes_are_little_endian_tensors_in_manifest_order(
    tmp_path: Path, picture: cast.Image
) -> None:
    bundle = registered(tmp_path)
    made = services.embedding_store(
        pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors()
    )
    content = store().path("embeddings", made.sha256).read_bytes()
    layout = selectors.tensor_layout(bundle.manifest)
    assert [(entry["offset"], entry["bytes"]) for entry in layout] == [(0, 32), (32, 12)]
    assert np.frombuffer(content[32:], "<f2").tolist() == [0, 1, 2, 3, 4, 5]
    expected = f"{picture.pixels_sha256}\n{bundle.id}\nfull\nfloat16"
    assert made.key == hashlib.sha256(expected.encode()).hexdigest()


def test_int8_takes_a_byte_a_number_and_a_scale_a_channel(
    tmp_path: Path, picture: cast.Image
) -> None:
    manifest = bundle_folder(tmp_path / "b")
    for tensor in manifest["tensors"]:
        tensor["dtype"] = "int8"
    bundle = services.bundle_register(manifest, tmp_path / "b")
    made = services.embedding_store(
        pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors(2.0)
    )
    layout = selectors.tensor_layout(bundle.manifest)
    assert [(entry["offset"], entry["bytes"]) for entry in layout] == [(0, 32), (32, 10)]
    content = store().path("embeddings", made.sha256).read_bytes()
    assert (made.bytes, made.dtype) == (len(content), "int8") == (42, "int8")
    assert np.frombuffer(content[:16], "<f4").tolist() == pytest.approx([2 / 127] * 4)
    assert set(np.frombuffer(content[16:32], np.int8)) == {127}


def test_int8_without_channels_is_refused(tmp_path: Path) -> None:
    manifest = bundle_folder(tmp_path / "b")
    manifest["tensors"] = [{"name": "image_embeddings", "shape": [4], "dtype": "int8"}]
    with pytest.raises(services.BadBundle, match="no channels to scale"):
        services.bundle_register(manifest, tmp_path / "b")


def test_storing_twice_keeps_one(tmp_path: Path, picture: cast.Image) -> None:
    bundle = registered(tmp_path)
    keys = {
        services.embedding_store(
            pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors()
        ).key
        for _ in range(2)
    }
    assert len(keys) == 1 == Embedding.objects.count()


@pytest.mark.parametrize(
    "bad",
    [
        {"edges": np.zeros((1, 1, 2, 3))},
        {**tensors(), "image_embeddings": np.zeros((1, 4, 2, 3))},
        {**tensors(), "image_embeddings": np.full((1, 4, 2, 2), np.nan)},
        {**tensors(), "edges": np.full((1, 1, 2, 3), 1e9)},
    ],
    ids=["a tensor missing", "another shape", "not a number", "too large for float16"],
)
def test_an_encoder_that_answers_nonsense_stores_nothing(
    tmp_path: Path, picture: cast.Image, bad: dict[str, np.ndarray]
) -> None:
    bundle = registered(tmp_path)
    with pytest.raises(services.BadTensors):
        services.embedding_store(pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=bad)
    assert not Embedding.objects.exists()


def test_an_image_waits_for_the_first_bundle_and_is_then_asked_for(
    tmp_path: Path, picture: cast.Image
) -> None:
    assert services.embedding_request(picture) is None
    state = selectors.embedding_states([picture])[picture.id]
    assert (state["state"], state["key"], state["bundle"]) == ("queued", None, None)
    registered(tmp_path)
    assert services.embedding_request_missing([picture]) == 1
    assert services.embedding_request_missing([picture]) == 0
    assert Run.objects.get(kind="embed").project == picture.project_id


def test_the_same_picture_in_two_projects_is_embedded_once(
    tmp_path: Path, picture: cast.Image, eve: cast.User
) -> None:
    registered(tmp_path)
    elsewhere = cast.project("Other", owner=eve, labels=[])
    twin = cast.image(elsewhere, "same.jpg", width=60, height=40)
    twin.pixels_sha256 = picture.pixels_sha256
    twin.save()
    one, other = services.embedding_request(picture), services.embedding_request(twin)
    assert one and other and one.id == other.id


def test_states_follow_the_newest_run(tmp_path: Path, picture: cast.Image) -> None:
    bundle = registered(tmp_path)

    def state() -> str:
        return selectors.embedding_states([picture])[picture.id]["state"]

    run = services.embedding_request(picture)
    assert run and state() == "queued"
    for row_state, shown in [("running", "running"), ("dead", "failed"), ("failed", "failed")]:
        Run.objects.filter(id=run.id).update(state=row_state)
        assert state() == shown
    services.embedding_request(picture)
    assert state() == "queued"
    services.embedding_store(pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors())
    assert state() == "ready"


def test_after_a_restore_the_embeddings_are_made_anew(tmp_path: Path, picture: cast.Image) -> None:
    bundle = registered(tmp_path)
    made = services.embedding_store(
        pixels_sha256=picture.pixels_sha256, bundle=bundle, tensors=tensors()
    )
    assert services.embedding_request_missing([picture]) == 0
    store().remove("embeddings", made.sha256)
    assert services.embedding_request_missing([picture]) == 1
    assert selectors.embedding_states([picture])[picture.id]["state"] == "queued"


def test_states_of_many_images_take_as_many_queries_as_of_one(
    tmp_path: Path, orchard: cast.Project, django_assert_num_queries: Any
) -> None:
    registered(tmp_path)
    images = [cast.image(orchard, f"{n}.jpg", width=9, height=9) for n in range(30)]
    services.embedding_request_missing(images)
    with django_assert_num_queries(4):
        selectors.embedding_states(images[:1])
    with django_assert_num_queries(4):
        assert len(selectors.embedding_states(images)) == 30


def test_changing_a_projects_bundle_embeds_its_images_anew(
    tmp_path: Path, picture: cast.Image
) -> None:
    old, new = registered(tmp_path, "old"), registered(tmp_path, "new")
    project = picture.project
    services.project_bundle_change(project, old.id)
    project.bundle = old.id
    project.save()
    assert Run.objects.filter(kind="embed_missing", project=project.id).exists()
    services.embedding_request_missing([picture])
    assert Run.objects.get(kind="embed").payload["bundle"] == old.id
    project.bundle = ""
    project.save()
    assert selectors.bundle_of(project) == new
    with pytest.raises(Unprocessable):
        services.project_bundle_change(project, "0" * 64)
