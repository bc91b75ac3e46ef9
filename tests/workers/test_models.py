"""`manage.py models`: from a file to a bundle that a project can choose, and away again."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from samweb.core.files import store
from samweb.core.models import Run
from samweb.embeddings import selectors, services
from samweb.embeddings.models import Bundle, Embedding
from tests import cast
from tests.sam.conftest import ready_bundle
from tests.webserver import Server, serving
from workers import start
from workers.kinds import embed
from workers.management.commands.models import Command
from workers.sam.families import catalogue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]
Models = Callable[..., str]


@pytest.fixture
def models() -> Models:
    """Run the command; returns what it said."""

    def run(*arguments: str | Path) -> str:
        said = io.StringIO()
        call_command("models", *map(str, arguments), stdout=said, stderr=said)
        return said.getvalue()

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A bundle that somebody sent us, called "mine"."""
    folder = tmp_path / "brought"
    ready_bundle(folder, "mine")
    return folder


def test_list_shows_what_ships_and_what_could_be_fetched(models: Models) -> None:
    lines = models("list").splitlines()
    assert "ships" in next(line for line in lines if line.startswith("samweb-small"))
    assert "models pull sam-vit-b" in next(line for line in lines if line.startswith("sam-vit-b "))
    assert len(lines) == len(catalogue.VARIANTS)


def test_a_ready_bundle_is_imported_listed_and_chosen_by_a_project(
    models: Models, source: Path, picture: cast.Image, data_dir: Path
) -> None:
    start.bundles_offer()
    shipped = Bundle.objects.get()
    said = models("import", source)
    row = Bundle.objects.get(name="mine")
    assert f"mine is here: bundle {row.id[:12]}" in said
    assert "imported" in next(line for line in models("list").splitlines() if "mine" in line)
    assert (data_dir / "models" / "mine" / "decode.onnx").is_file()
    assert sorted(path.name for path in (data_dir / "models").iterdir()) == ["mine"]
    project = picture.project
    assert selectors.bundle_of(project) == shipped, "an import re-embeds nothing by itself"
    project.bundle = row.id
    project.save()
    services.project_bundle_change(project, row.id)
    assert selectors.bundle_of(project) == row


def test_an_imported_bundle_is_on_disk_once(models: Models, source: Path, data_dir: Path) -> None:
    models("import", source)
    graph = Bundle.objects.get(name="mine").manifest["graphs"]["encoder"]
    stored = store().path("bundles", graph["sha256"])
    assert stored.samefile(data_dir / "models" / "mine" / graph["file"])


def test_importing_again_changes_nothing_and_another_of_its_name_is_refused(
    models: Models, source: Path, tmp_path: Path
) -> None:
    models("import", source)
    models("import", source)
    assert Bundle.objects.count() == 1
    ready_bundle(source, "mine", version="2")
    with pytest.raises(CommandError, match="Another bundle is called mine"):
        models("import", source)
    ready_bundle(source, "samweb-small", version="2")
    with pytest.raises(CommandError, match="Another bundle is called samweb-small"):
        models("import", source)
    assert Bundle.objects.count() == 1


@pytest.mark.parametrize("harm", ["no file", "no bundle", "a decoder less", "a wrong hash"])
def test_what_is_refused_leaves_nothing_behind(
    models: Models, source: Path, data_dir: Path, harm: str
) -> None:
    wanted: Path = source
    if harm == "no file":
        wanted = source / "none.pt"
    elif harm == "no bundle":
        (source / "manifest.json").unlink()
    elif harm == "a decoder less":
        manifest = ready_bundle(source, "mine")
        manifest["graphs"]["decode_with_mask"] = None
        (source / "manifest.json").write_text(json.dumps(manifest))
    else:
        (source / "decode.onnx").write_bytes(b"other")
    with pytest.raises(CommandError) as refusal:
        models("import", wanted)
    assert str(refusal.value).count(".") <= 4 and "\n" not in str(refusal.value)
    assert refusal.value.returncode == 1
    assert not Bundle.objects.exists()
    left = data_dir / "models"
    assert not left.exists() or list(left.iterdir()) == []


def test_removing_is_refused_while_a_project_names_the_bundle(
    models: Models, source: Path, orchard: cast.Project
) -> None:
    models("import", source)
    orchard.bundle = Bundle.objects.get(name="mine").id
    orchard.save()
    with pytest.raises(CommandError, match="mine draws in: Orchard"):
        models("remove", "mine")
    assert Bundle.objects.filter(name="mine").exists()


def test_removing_takes_files_rows_and_embeddings_along(
    models: Models, source: Path, picture: cast.Image, data_dir: Path
) -> None:
    start.bundles_offer()
    models("import", source)
    row = Bundle.objects.get(name="mine")
    tensors = {spec["name"]: np.zeros(spec["shape"]) for spec in row.manifest["tensors"]}
    made = services.embedding_store(
        pixels_sha256=picture.pixels_sha256, bundle=row, tensors=tensors
    )
    assert "mine is gone" in models("remove", row.id[:10])
    assert not Bundle.objects.filter(name="mine").exists() and not Embedding.objects.exists()
    assert not store().exists("embeddings", made.sha256)
    assert not (data_dir / "models" / "mine").exists()
    shipped = Bundle.objects.get()
    assert all(  # its files are the same and stay
        store().exists("bundles", graph["sha256"]) for graph in shipped.manifest["graphs"].values()
    )
    with pytest.raises(CommandError, match="There is no bundle 'mine'"):
        models("remove", "mine")


def test_removing_what_objects_were_drawn_with_needs_force(
    models: Models, source: Path, picture: cast.Image, ben: cast.User
) -> None:
    from samweb.annotations.models import Annotation, Mask

    models("import", source)
    recipe = {"version": 1, "steps": [{"type": "decode", "bundle": Bundle.objects.get().id}]}
    mask = Mask.objects.create(sha256="a" * 64, height=40, width=60, counts="x", area=1, bbox=[])
    Annotation.objects.create(
        project=picture.project, image=picture, mask=mask, recipe=recipe, seq=1, author=ben
    )
    with pytest.raises(CommandError, match="1 objects were drawn with mine"):
        models("remove", "mine")
    assert "mine is gone" in models("remove", "mine", "--force")


def test_what_ships_stays(models: Models) -> None:
    start.bundles_offer()
    with pytest.raises(CommandError, match="comes with samweb and stays"):
        models("remove", "samweb-small")


def test_verify_names_every_file_that_is_not_what_it_was(
    models: Models, source: Path, data_dir: Path
) -> None:
    start.bundles_offer()
    models("import", source)
    assert models("verify").count("every file is what its hash says") == 4
    stored = store().path("bundles", Bundle.objects.first().manifest["graphs"]["decode"]["sha256"])
    stored.unlink()
    folder = data_dir / "models" / "mine"
    shutil.copyfile(folder / "encoder.onnx", folder / "copy")  # not the linked file itself
    (folder / "copy").replace(folder / "encoder.onnx")
    with (folder / "encoder.onnx").open("r+b") as file:
        file.write(b"\0\0")
    said = io.StringIO()
    with pytest.raises(CommandError, match="3 files are not what they should be"):
        call_command("models", "verify", stdout=said)
    assert said.getvalue().count("decode.onnx is missing") == 2
    assert "encoder.onnx is not the file its manifest names" in said.getvalue()


def test_a_worker_offers_imported_bundles_at_its_start(
    models: Models, source: Path, data_dir: Path
) -> None:
    models("import", source)
    Bundle.objects.all().delete()  # a database that was begun anew
    assert {bundle.name for bundle in start.bundles_offer()} == {"mine", "samweb-small"}
    assert {"mine", "samweb-small"} <= set(start.offered())


def test_a_running_worker_offers_what_comes_into_the_folder(source: Path, data_dir: Path) -> None:
    start.bundles_offer()
    assert start.bundles_offer_news() == []
    shutil.copytree(source, data_dir / "models" / "mine")
    assert [bundle.name for bundle in start.bundles_offer_news()] == ["mine"]
    assert start.bundles_offer_news() == []


def test_a_hostile_folder_is_not_offered(source: Path, data_dir: Path) -> None:
    (source / "decode.onnx").write_bytes(b"\x08\x08")
    shutil.copytree(source, data_dir / "models" / "mine")
    assert [bundle.name for bundle in start.bundles_offer()] == ["samweb-small"]


def test_an_image_embeds_with_an_imported_bundle(
    models: Models, source: Path, picture: cast.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    models("import", source)
    services.embedding_request_missing([picture])
    run = Run.objects.get(kind="embed")
    assert run.payload["bundle"] == Bundle.objects.get(name="mine").id
    pixels = np.zeros((40, 60, 3), np.uint8)
    monkeypatch.setattr(embed, "raster_of", lambda image: pixels)
    from samweb.core import runs

    active = runs.claim(run.id, "worker")
    assert active is not None
    embed.work(active)
    assert Embedding.objects.get().bundle.name == "mine"


class TestPull:
    """Against a real server, with a model of a few numbers in place of SAM ViT-B."""

    @pytest.fixture
    def server(self, settings: Any, tmp_path: Path, monkeypatch: Any) -> Iterator[Server]:
        torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
        from tests.sam import checkpoint_files as files
        from workers.sam.checkpoints import variants

        settings.SAMWEB = dataclasses.replace(settings.SAMWEB, outbound_allow=("127.0.0.1/32",))
        monkeypatch.setattr(variants, "available", lambda family: family == "sam")
        monkeypatch.setattr(Command, "ways", files.WAYS)
        torch.save({"model": files.state()}, tmp_path / "sam_vit_b.pth")
        content = (tmp_path / "sam_vit_b.pth").read_bytes()
        with serving() as made:
            made.files["/sam_vit_b.pth"] = content
            self.publish(made, monkeypatch, hashlib.sha256(content).hexdigest())
            yield made

    def publish(self, server: Server, monkeypatch: Any, sha256: str | None) -> None:
        """Let the catalogue say that SAM ViT-B lies on this server."""
        from workers.management.commands import models as command

        known = next(entry for entry in catalogue.VARIANTS if entry.name == "sam-vit-b")
        source = catalogue.Source(f"{server.url}/sam_vit_b.pth", sha256)
        entry = dataclasses.replace(known, source=source)
        monkeypatch.setattr(command, "find_variant", lambda name: entry)

    def test_a_checkpoint_is_fetched_converted_and_offered(
        self, models: Models, server: Server, data_dir: Path
    ) -> None:
        said = models("pull", "sam-vit-b")
        assert "(100%)" in said and "sam-vit-b is here: bundle" in said
        folder = data_dir / "models" / "sam-vit-b"
        assert (folder / "weights.safetensors").is_file()
        assert list((data_dir / "models" / "downloads").iterdir()) == []
        assert Bundle.objects.get().name == "sam-vit-b"
        assert "imported" in next(x for x in models("list").splitlines() if "sam-vit-b " in x)
        assert "is here already" in models("pull", "sam-vit-b")
        assert len(server.seen) == 1
        (folder / "weights.safetensors").unlink()  # not the linked file itself
        (folder / "weights.safetensors").write_bytes(b"x")
        with pytest.raises(CommandError, match="1 files are not"):
            models("verify")

    def test_another_file_than_the_published_one_is_refused(
        self, models: Models, server: Server, data_dir: Path
    ) -> None:
        server.files["/sam_vit_b.pth"] += b"x"
        with pytest.raises(CommandError, match="does not match its published hash"):
            models("pull", "sam-vit-b")
        assert not Bundle.objects.exists()
        assert [path.name for path in (data_dir / "models").iterdir()] == ["downloads"]
        assert list((data_dir / "models" / "downloads").iterdir()) == []

    def test_a_first_download_is_pinned_where_no_hash_is_published(
        self, models: Models, server: Server, data_dir: Path, monkeypatch: Any
    ) -> None:
        self.publish(server, monkeypatch, None)
        models("pull", "sam-vit-b")
        models("remove", "sam-vit-b")
        server.files["/sam_vit_b.pth"] += b"x"
        with pytest.raises(CommandError, match="does not match the first download"):
            models("pull", "sam-vit-b")
