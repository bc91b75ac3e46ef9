"""Training learns, and its simulated people behave."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
cv2 = pytest.importorskip("cv2", reason="opencv is not installed (extra: train)")

from workers.sam.training import interaction, scenes  # noqa: E402
from workers.sam.training.data import Sample, SceneStore, Source, make_sample  # noqa: E402
from workers.sam.training.losses import mask_loss, round_loss, true_iou  # noqa: E402
from workers.sam.training.real_sets import TEST_ONLY_SETS, TRAINING_SETS, load_set  # noqa: E402
from workers.sam.training.recipe import read_recipe  # noqa: E402
from workers.sam.training.trainer import Trainer  # noqa: E402

FROM_SCRATCH, CONTINUE = read_recipe("from_scratch"), read_recipe("continue")
ROOT = Path(__file__).resolve().parents[2]


def options(out: Path, **changes: Any) -> argparse.Namespace:
    values = {
        "out": out,
        "resume": False,
        "rate": 2e-3,
        "processes": 1,
        "prompts": 2,
        "minutes": 1,
        "refine": None,
        "bfloat16": False,
        "save_minutes": 3,
    }
    return argparse.Namespace(**(values | changes))


def two_discs() -> Sample:
    y, x = np.mgrid[:64, :64]
    left, right = ((x - c) ** 2 + (y - 32) ** 2 < 120 for c in (18, 46))
    pixels = np.full((64, 64, 3), 90, np.uint8)
    pixels[left], pixels[right] = (210, 60, 50), (50, 80, 220)
    shares = [
        cv2.resize(mask.astype(np.float32), (32, 32), interpolation=cv2.INTER_AREA)
        for mask in (left, right)
    ]
    return Sample(pixels, np.stack(shares))


def test_a_tiny_batch_is_learned_by_heart(tmp_path: Path) -> None:
    torch.set_num_threads(1)  # two that share a busy core wait for each other
    trainer = Trainer(0, options(tmp_path), FROM_SCRATCH)
    for _ in range(60):
        trainer.step([two_discs()], share=0.1)
    losses = [loss for loss, _ in trainer.recent]
    ious = [iou for _, iou in trainer.recent]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])
    assert np.mean(ious[-10:]) > 0.7


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    first = Trainer(0, options(tmp_path), FROM_SCRATCH)
    first.step([two_discs()], share=0.1)
    first.save()
    second = Trainer(0, options(tmp_path, resume=True), FROM_SCRATCH)
    assert second.at == first.at and second.at.images_seen == 1
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


def test_refining_begins_with_the_averaged_weights_and_a_clock_of_its_own(tmp_path: Path) -> None:
    first = Trainer(0, options(tmp_path), FROM_SCRATCH)
    first.step([two_discs()], share=0.1)
    first.at.seconds = 60.0
    first.save()
    (tmp_path / "refined").mkdir()
    refined = Trainer(0, options(tmp_path / "refined", refine=first.checkpoint), CONTINUE)
    assert (refined.at.seconds, refined.at.images_seen) == (0.0, 1)
    for name, value in first.averaged.model.state_dict().items():
        assert torch.equal(value, refined.model.state_dict()[name]), name


def test_refining_goes_on_from_the_weights_that_ship(tmp_path: Path) -> None:
    shipped = ROOT / "workers/sam/training/weights/samweb-small.safetensors"
    refined = Trainer(0, options(tmp_path, refine=shipped), CONTINUE)
    assert refined.at.images_seen > 10_000
    for _ in range(3):
        refined.step([two_discs()], share=0.9)
    assert np.mean([iou for _, iou in refined.recent]) > 0.6, "it has forgotten what it knew"


def test_the_best_candidate_alone_learns_from_an_ambiguous_click() -> None:
    target = torch.zeros(1, 8, 8)
    target[:, :4] = 1
    right = torch.where(target > 0, 6.0, -6.0)
    logits = torch.stack([right, right, -right, -right], dim=1)
    each = mask_loss(logits, target)
    assert each[0, 1] < 0.1 < each[0, 2]
    assert true_iou(logits, target).tolist() == [[1, 1, 0, 0]]
    sure = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    one = round_loss(logits, sure, target, torch.ones(1))
    assert one < round_loss(logits, 1 - sure, target, torch.ones(1))


def test_first_prompts_lie_in_the_object_and_boxes_hold_it() -> None:
    target = np.zeros((40, 40), np.float32)
    target[10:20, 25:35] = 1
    rng = np.random.default_rng(0)
    for _ in range(50):
        for x, y, label in interaction.begin(rng, target).prompts:
            if label == 1:
                assert target[int((y + 0.5) / 2), int((x + 0.5) / 2)] == 1
            else:
                assert label in (2, 3) and 44 <= x <= 76 and 14 <= y <= 46


def test_corrections_are_positive_where_something_is_missing() -> None:
    talk = interaction.Conversation(np.zeros((20, 20), bool))
    talk.target[5:15, 5:15] = True
    rng = np.random.default_rng(0)
    interaction.correct(rng, talk, np.zeros((20, 20), bool))
    interaction.correct(rng, talk, np.ones((20, 20), bool))
    assert [label for _, _, label in talk.prompts] == [1.0, 0.0]


def test_views_keep_masks_on_their_pixels() -> None:
    mask = np.zeros((60, 90), np.uint8)
    mask[20:45, 30:70] = 255
    pixels = np.repeat(np.where(mask[..., None] > 0, 200, 40).astype(np.uint8), 3, axis=2)
    source = Source(pixels, np.array([1000]), lambda index: mask)
    rng = np.random.default_rng(0)
    for _ in range(20):
        sample = make_sample(rng, source, 64, 1, whole=0.5)
        assert sample is not None
        grey = cv2.resize(sample.pixels, (32, 32), interpolation=cv2.INTER_AREA).mean(axis=2)
        inside, outside = sample.targets[0] > 0.99, sample.targets[0] < 0.01
        padding = np.abs(grey - 114) < 2  # what normalises to zero
        if (outside & ~padding).any():
            contrast = abs(grey[inside].mean() - grey[outside & ~padding].mean())
            assert contrast > 3 * (grey[inside].std() + 1)


def test_a_whole_contains_its_parts(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (80, 80, 3)).astype(np.uint8)
    library = scenes.Library([photo], [photo], [])
    rng = np.random.default_rng(3)
    scene = scenes.Scene(rng, library)
    scenes.add_group(scene)
    scene.nodes[:40, :40] = scene.new_node(1)
    parents = np.zeros(scenes.MAX_NODES, np.uint8)
    parents[: len(scene.parents)] = scene.parents
    arrays = {"pixels": scene.pixels.astype(np.uint8), "nodes": scene.nodes, "parents": parents}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array[None])
    source = SceneStore([tmp_path]).draw(rng)
    group = source.mask(1) > 0
    for node in np.flatnonzero(parents == 1):
        assert not ((source.mask(int(node)) > 0) & ~group).any()
    assert source.areas[1] == group.sum()


@pytest.mark.parametrize("name", sorted(TEST_ONLY_SETS))
def test_the_test_only_sets_cannot_be_trained_on(tmp_path: Path, name: str) -> None:
    assert name not in TRAINING_SETS
    with pytest.raises(ValueError, match="for tests only"):
        load_set(tmp_path, name)
