"""From an image to a stored embedding, with the encoder replaced at its edge, and for real."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from samweb.core import runs
from samweb.core.files import store
from samweb.core.models import Run
from samweb.embeddings import selectors, services
from samweb.embeddings.models import Bundle, Embedding
from tests import cast
from tests.services.test_embeddings import registered
from workers import dispatch, encoder, start
from workers.kinds import embed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


class Fake:
    """Answers with the mean of each raster; may be told to break."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.breaks_on: int | None = None  # a mean for which encoding raises

    def encode(self, rasters: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
        self.batches.append(len(rasters))
        means = [int(raster.mean().round()) for raster in rasters]
        if self.breaks_on in means:
            raise MemoryError("out of memory")
        return [
            {
                "image_embeddings": np.full((1, 4, 2, 2), mean, np.float16),
                "edges": np.zeros((1, 1, 2, 3), np.float16),
            }
            for mean in means
        ]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    made = Fake()
    encoder.release_if_idle(0)
    monkeypatch.setattr(encoder, "load", lambda folder: made)
    yield made
    encoder.release_if_idle(0)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return registered(tmp_path / "made")


def photograph(project: cast.Project, name: str, grey: int) -> cast.Image:
    """An image of one grey, with its bytes in the store."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (60, 40), (grey, grey, grey)).save(buffer, "PNG")
    made = cast.image(project, name, width=60, height=40)
    made.original_sha256 = store().put("originals", buffer.getvalue()).sha256
    made.save()
    return made


def asked(image: cast.Image) -> Run:
    run = services.embedding_request(image)
    assert run is not None
    return run


def test_an_image_becomes_ready(fake: Fake, bundle: Bundle, orchard: cast.Project) -> None:
    image = photograph(orchard, "grey.png", 77)
    dispatch.execute(str(asked(image).id))
    state = selectors.embedding_states([image])[image.id]
    assert state["state"] == "ready"
    stored = Embedding.objects.get(key=state["key"])
    content = store().path("embeddings", stored.sha256).read_bytes()
    assert np.frombuffer(content[:32], "<f2").tolist() == [77.0] * 16


def test_a_second_hint_for_a_done_run_does_nothing(
    fake: Fake, bundle: Bundle, orchard: cast.Project
) -> None:
    run = asked(photograph(orchard, "grey.png", 77))
    for _ in range(3):
        dispatch.execute(str(run.id))
    assert fake.batches == [1]


def test_waiting_runs_share_a_pass_where_that_pays(
    fake: Fake, bundle: Bundle, orchard: cast.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed, "together", lambda: 8)
    made = [asked(photograph(orchard, f"{grey}.png", grey)) for grey in range(10)]
    dispatch.execute(str(made[0].id))
    assert fake.batches == [8]
    assert Run.objects.filter(state="done").count() == 8


def test_a_batch_that_breaks_is_done_one_by_one_and_costs_only_the_bad_one(
    fake: Fake, bundle: Bundle, orchard: cast.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed, "together", lambda: 8)
    fake.breaks_on = 3
    made = [asked(photograph(orchard, f"{grey}.png", grey)) for grey in range(5)]
    dispatch.execute(str(made[0].id))
    states = [Run.objects.get(id=run.id).state for run in made]
    assert states == ["done", "done", "done", "queued", "done"]
    assert "out of memory" in Run.objects.get(id=made[3].id).error


def test_an_image_whose_file_is_no_picture_is_refused_with_a_reason(
    fake: Fake, bundle: Bundle, orchard: cast.Project
) -> None:
    image = photograph(orchard, "bad.png", 1)
    store().path("originals", image.original_sha256).write_bytes(b"\x89PNG nothing")
    run = asked(image)
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "failed" and run.error
    assert selectors.embedding_states([image])[image.id]["state"] == "failed"


def test_a_deleted_image_is_refused(fake: Fake, bundle: Bundle, orchard: cast.Project) -> None:
    from samweb.core import clock

    image = photograph(orchard, "gone.png", 1)
    run = asked(image)
    image.deleted_at = clock.now()
    image.save()
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The image was deleted.")


def test_a_kind_that_the_worker_does_not_know_fails_with_words() -> None:
    from samweb.core.queue import enqueue

    run = enqueue("alchemy", payload={}, dedupe_key="x")
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "failed" and "alchemy" in run.error


def test_an_interactive_run_goes_before_the_bulk_hint(
    fake: Fake, bundle: Bundle, orchard: cast.Project
) -> None:
    first, second = (asked(photograph(orchard, f"{n}.png", n)) for n in (1, 2))
    Run.objects.filter(id=second.id).update(lane="interactive")
    order: list[str] = []
    keep = runs.finish

    def noted(run: runs.ActiveRun, result: dict[str, object] | None = None) -> bool:
        order.append(str(run.id))
        return keep(run, result)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "finish", noted)
        dispatch.execute(str(first.id))
    assert order == [str(second.id), str(first.id)]


def test_an_export_need_not_wait_for_all_the_embeddings_before_it(
    fake: Fake, bundle: Bundle, orchard: cast.Project
) -> None:
    from samweb.core.queue import enqueue

    waiting = [asked(photograph(orchard, f"{n}.png", n)) for n in range(4)]
    other = enqueue("embed_missing", payload={"project": str(orchard.id)}, dedupe_key="other")
    dispatch.execute(str(waiting[0].id))
    other.refresh_from_db()
    assert other.state == "done"
    assert Run.objects.filter(kind="embed", state="queued").count() == 3


def test_an_idle_worker_gives_the_model_back(
    fake: Fake, bundle: Bundle, orchard: cast.Project
) -> None:
    dispatch.execute(str(asked(photograph(orchard, "grey.png", 7)).id))
    assert not encoder.release_if_idle(60)
    assert encoder.release_if_idle(0)
    assert not encoder.release_if_idle(0)


def test_what_was_uploaded_before_any_worker_ran_is_embedded_when_one_starts(
    fake: Fake, tmp_path: Path, orchard: cast.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [photograph(orchard, f"{n}.png", n) for n in range(3)]
    assert all(services.embedding_request(image) is None for image in images)
    from tests.services.test_embeddings import bundle_folder

    folder = tmp_path / "shipped"
    manifest = bundle_folder(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(encoder, "shipped", lambda: [folder])
    start.begin()
    while run := Run.objects.filter(state="queued").order_by("created").first():
        dispatch.execute(str(run.id))
    states = selectors.embedding_states(images)
    assert {state["state"] for state in states.values()} == {"ready"}


@pytest.mark.skipif(not encoder.shipped(), reason="no bundle ships here yet")
def test_the_shipped_bundle_embeds_a_picture(orchard: cast.Project) -> None:
    (bundle, *_) = start.bundles_offer()
    image = photograph(orchard, "grey.png", 120)
    run = asked(image)
    dispatch.execute(str(run.id))
    run.refresh_from_db()
    assert run.state == "done", run.error
    stored = Embedding.objects.get(bundle=bundle)
    layout = selectors.tensor_layout(bundle.manifest)
    assert stored.bytes == layout[-1]["offset"] + layout[-1]["bytes"]
    encoder.release_if_idle(0)


@pytest.mark.parametrize(
    ("device", "gpu", "weights", "chosen"),
    [
        ("cuda", True, True, "torch"),
        ("cuda", True, False, "onnx"),
        ("auto", True, True, "onnx"),
        ("cpu", True, True, "onnx"),
    ],
)
def test_pytorch_encodes_where_a_gpu_is_demanded_there_and_the_bundle_has_weights(
    device: str, gpu: bool, weights: bool, chosen: str, tmp_path: Path, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    torch_encoder = pytest.importorskip("workers.sam.torch_encoder")
    from workers.sam import predictor

    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, device=device)
    monkeypatch.setattr(torch_encoder, "available", lambda: gpu)
    monkeypatch.setattr(torch_encoder, "TorchEncoder", lambda folder: "torch")
    monkeypatch.setattr(predictor, "OnnxPredictor", lambda folder, providers: "onnx")
    manifest = {"weights": {"file": "weights.safetensors"}} if weights else {}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert encoder.load(tmp_path) == chosen


def test_a_gpu_that_is_demanded_and_not_there_is_said_so(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_encoder = pytest.importorskip("workers.sam.torch_encoder")
    monkeypatch.setattr(torch_encoder, "available", lambda: False)
    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, device="cuda")
    with pytest.raises(RuntimeError, match="neither PyTorch nor onnxruntime"):
        encoder.cuda()


def test_a_bundles_weights_reach_the_worker_through_the_store(tmp_path: Path) -> None:
    from tests.services.test_embeddings import bundle_folder

    manifest = bundle_folder(tmp_path)
    content = b"weights, for all the store knows"
    (tmp_path / "weights.safetensors").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    manifest["weights"] = {
        "file": "weights.safetensors", "sha256": digest, "bytes": len(content),
        "variant": "mobile-sam",
    }  # fmt: skip
    made = services.bundle_register(manifest, tmp_path)
    assert (encoder.folder_of(made) / "weights.safetensors").read_bytes() == content
    manifest["weights"] = {**manifest["weights"], "sha256": "0" * 64}
    with pytest.raises(services.BadBundle, match=r"'weights\.safetensors' is not the one"):
        services.bundle_register(manifest, tmp_path)
