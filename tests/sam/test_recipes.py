"""One command makes a model: recipes are data, runs can be cut short, curves can be drawn."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
cv2 = pytest.importorskip("cv2", reason="opencv is not installed (extra: train)")

from workers.sam.families.small.model import Sam  # noqa: E402
from workers.sam.training import curves, scenes  # noqa: E402
from workers.sam.training.data import BatchSettings, RealStore, SceneStore, draw_batch  # noqa: E402
from workers.sam.training.log import RunLog  # noqa: E402
from workers.sam.training.recipe import FOLDER, RecipeError, read_recipe  # noqa: E402
from workers.sam.training.train import load_pictures  # noqa: E402

TINY = """
about = "a few steps"
minutes = 0.05
rate = 1e-3
prompts = 2
ema = 0.9
refines = false
scenes = 4
real_share = [0.5, 0.5]
whole_share = [1, 1]
stages = [{ until = 1.01, size = 64, images = 1 }]
rounds = { 1 = 1.0 }
set_shares = { }
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def train(**options: Any) -> None:
    defaults: dict[str, Any] = {"processes": 1, "threads": 1, "data": None}
    call_command("train", **{**defaults, **options}, stdout=io.StringIO())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_that_ships_can_be_followed_to_its_end(path: Path) -> None:
    recipe = read_recipe(path.stem)
    for share in (0.0, 0.3, 0.999):
        batch = recipe.batch(share, recipe.prompts)
        assert batch.images >= 1 and 0 <= batch.real_share <= 1 and 0 <= batch.whole <= 1
    assert sum(recipe.set_shares.values()) == pytest.approx(1, abs=0.02)


def test_a_run_grows_its_pictures_and_its_share_of_real_ones() -> None:
    recipe = read_recipe("from_scratch")
    early, late = recipe.batch(0.05, 4), recipe.batch(0.9, 4)
    assert (early.size, late.size) == (128, 256) and early.images > late.images
    assert early.real_share < late.real_share and early.whole < late.whole


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("ema = 0.9", ""), "lacks 'ema'"),
        (("ema = 0.9", "emma = 0.9\nema = 0.9"), "'emma', which means nothing"),
        (("until = 1.01", "until = 0.5"), "reach the end"),
        (("size = 64", "size = 70"), "multiple of 32"),
        (("1 = 1.0", "1 = 0.4"), "add up to 1"),
        (("[1, 1]", "[1, 2]"), "two shares"),
        (("images = 1", "pictures = 1"), "cannot be followed"),
        (("rate = 1e-3", "rate = "), "is not TOML"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused_in_words(
    tiny: Path, change: tuple[str, str], sentence: str
) -> None:
    tiny.write_text(TINY.replace(*change))
    with pytest.raises(RecipeError, match=sentence):
        read_recipe(str(tiny))


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(RecipeError, match="known: continue, distill, from_scratch"):
        read_recipe("nobody")


@pytest.mark.parametrize(
    ("recipe", "sentence"), [("continue", "give --refine"), ("distill", "give --teacher")]
)
def test_a_recipe_says_what_it_starts_from(tmp_path: Path, recipe: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        train(recipe=recipe, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_procedural_scenes_alone_make_a_run_that_can_go_on(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(recipe=str(tiny), out=out)
    first = torch.load(out / "checkpoint.pt", weights_only=True)
    assert first["progress"]["images_seen"] > 0
    made = (out / "scenes" / "0" / "pixels.npy").stat().st_mtime_ns
    train(recipe=str(tiny), out=out, resume=True, minutes=0.1)
    second = torch.load(out / "checkpoint.pt", weights_only=True)
    assert second["progress"]["steps"] > first["progress"]["steps"]
    assert (out / "scenes" / "0" / "pixels.npy").stat().st_mtime_ns == made, "made once"
    begins = [line for line in RunLog(out).lines() if "begins" in line]
    assert [line["begins"] for line in begins] == ["tiny", "tiny"]
    assert begins[1]["step"] == first["progress"]["steps"]
    Sam().load_state_dict(second["averaged"])


def test_what_was_done_after_the_last_checkpoint_leaves_the_log(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.begin("tiny", 1, 1e-3, 0)
    for step in (50, 100, 150):
        log.write({"step": step, "loss": 1.0})
    with log.path.open("a") as file:
        file.write('{"step": 200, "lo')  # a kill in the middle of a line
    log.begin("tiny", 1, 1e-3, 120)
    assert [line["step"] for line in log.lines()] == [0, 50, 100, 120]
    log.begin("tiny", 1, 1e-3, 0)
    assert [line["step"] for line in log.lines()] == [0], "another run in the same folder"


def test_curves_are_drawn_from_a_log(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    log = RunLog(tmp_path)
    log.begin("tiny", 1, 1e-3, 0)
    with pytest.raises(ValueError, match="no log"):
        curves.draw(tmp_path, tmp_path / "curves.png")
    for step in range(50, 1000, 50):
        size = 128 if step < 500 else 256
        log.write({"step": step, "images": 8 * step, "size": size, "loss": 90 / step, "iou": 0.5})
    curves.draw(tmp_path, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(99999)}
    assert {(0x25, 0x63, 0xEB), (0xD9, 0x77, 0x06)} <= colours, "a line for each size"


def test_a_missing_set_is_named(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    tiny.write_text(TINY.replace("{ }", "{ cats = 0.5, dogs = 0.5 }"))
    with pytest.raises(CommandError, match="lacks the sets cats, dogs"):
        train(recipe=str(tiny), out=tmp_path / "run", data=tmp_path / "data")


def test_a_folder_of_ones_own_pictures_is_learned_from(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "discs"
    (folder / "images").mkdir(parents=True)
    pictures = []
    for number in range(4):
        picture = np.full((60, 80, 3), 60, np.uint8)
        cv2.circle(picture, (40, 30), 15, (200, 80, 40), -1)
        Image.fromarray(picture).save(folder / "images" / f"{number}.png")
        name = f"images/{number}.png"
        pictures.append({"id": number, "file_name": name, "width": 80, "height": 60})
    square = [[25.0, 15.0, 55.0, 15.0, 55.0, 45.0, 25.0, 45.0]]
    masks = [{"id": n, "image_id": n, "segmentation": square} for n in range(4)]
    coco = {"images": pictures, "annotations": masks}
    (folder / "instances.json").write_text(json.dumps(coco))
    real = RealStore(tmp_path / "data", shares={"discs": 1.0})
    settings = BatchSettings(64, 2, 2, real_share=1.0, whole=1.0)
    (first, _) = draw_batch(np.random.default_rng(0), None, real, settings)
    assert first.targets.shape == (2, 32, 32) and first.targets.max() == 1


def test_without_real_pictures_every_sample_is_a_scene(tmp_path: Path) -> None:
    scenes.write_scenes(scenes.Library.load(None), tmp_path, 2, seed=0)
    settings = BatchSettings(64, 3, 2, real_share=1.0, whole=0.5)
    batch = draw_batch(np.random.default_rng(0), SceneStore([tmp_path]), None, settings)
    assert len(batch) == 3 and all(sample.targets.any() for sample in batch)


def test_a_run_with_nothing_to_learn_from_is_refused(tiny: Path, tmp_path: Path) -> None:
    import argparse

    tiny.write_text(TINY.replace("scenes = 4", "scenes = 0"))
    options = argparse.Namespace(data=None, scenes=None, out=tmp_path, processes=1)
    with pytest.raises(RecipeError, match="nothing to learn from"):
        load_pictures(options, read_recipe(str(tiny)))
