"""Learning from a larger model, on small teachers with random weights and on the one that ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
cv2 = pytest.importorskip("cv2", reason="opencv is not installed (extra: train)")

from tests.sam.test_training import options, two_discs  # noqa: E402
from workers.sam.checkpoints.errors import CheckpointError  # noqa: E402
from workers.sam.families import build  # noqa: E402
from workers.sam.training.distill import Distiller  # noqa: E402
from workers.sam.training.recipe import RecipeError, read_recipe  # noqa: E402
from workers.sam.training.teacher import Teacher, frozen, load_teacher  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "workers/sam/training/weights/samweb-small.safetensors"
RECIPE = read_recipe("distill")
EMBEDDINGS, MASKS = 0.1, 0.6  # shares of a run's time
TINY: dict[str, dict[str, Any]] = {
    "sam-vit-b": {"dim": 48, "depth": 2, "heads": 3, "global_blocks": (1,), "input_size": 128},
    "hq-sam-vit-b": {"dim": 48, "depth": 2, "heads": 3, "global_blocks": (1,), "input_size": 128},
    "sam2.1-hiera-tiny": {"dim": 16, "stages": (1, 1, 1, 1), "global_blocks": (2,)},
}


def tiny(name: str) -> Any:
    torch.manual_seed(0)
    return frozen(build(name, **TINY[name]))


def distiller(out: Path, teacher: Any = None, **changes: Any) -> Distiller:
    torch.set_num_threads(1)
    given = options(out, teacher=None, variant=None, **changes)
    return Distiller(0, given, RECIPE, teacher or tiny("sam-vit-b"))


def losses(trainer: Distiller, steps: int, share: float) -> list[float]:
    for _ in range(steps):
        trainer.step([two_discs()], share)
    return [loss for loss, _ in trainer.recent]


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_students_embedding_comes_closer_to_its_teachers(tmp_path: Path, name: str) -> None:
    found = losses(distiller(tmp_path, tiny(name)), 12, EMBEDDINGS)
    assert np.mean(found[-3:]) < 0.9 * np.mean(found[:3])


def test_a_students_masks_come_closer_to_its_teachers(tmp_path: Path) -> None:
    trainer = distiller(tmp_path, load_teacher("samweb-small", SHIPPED))
    found = losses(trainer, 40, MASKS)
    assert np.mean(found[-5:]) < 0.8 * np.mean(found[:5])
    alike = [iou for _, iou in trainer.recent]
    assert np.mean(alike[-5:]) > np.mean(alike[:5]) + 0.1


def test_the_teacher_is_never_changed(tmp_path: Path) -> None:
    trainer = distiller(tmp_path)
    before = {name: value.clone() for name, value in trainer.teacher.model.state_dict().items()}
    losses(trainer, 1, EMBEDDINGS)
    losses(trainer, 1, MASKS)
    for name, value in trainer.teacher.model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_distilling_goes_on_from_its_checkpoint_with_the_projection(tmp_path: Path) -> None:
    first = distiller(tmp_path)
    losses(first, 2, EMBEDDINGS)
    first.save()
    second = distiller(tmp_path, resume=True)
    assert second.at == first.at
    assert torch.equal(second.projection.weight, first.projection.weight)
    losses(second, 1, MASKS)


def test_the_teacher_answers_where_the_student_is_asked() -> None:
    """The same click in the student's space, at half the teacher's resolution, finds the disc."""
    teacher = Teacher(load_teacher(None, SHIPPED))
    pixels = np.full((128, 128, 3), (40, 60, 50), np.uint8)
    cv2.circle(pixels, (90, 40), 22, (220, 60, 40), -1)
    embedding = teacher.look(pixels[None])
    assert embedding.shape == (1, 96, 32, 32)
    coords, labels = torch.tensor([[[89.5, 39.5]]]), torch.ones(1, 1)
    mask = teacher.answer(coords, labels, torch.zeros(1), 64)[0] > 0.5
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = (columns - 44.5) ** 2 + (rows - 19.5) ** 2 < 11**2
    assert (mask & disc).sum() / (mask | disc).sum() > 0.8


@pytest.mark.parametrize(
    ("variant", "sentence"),
    [("sam-vit-b", "is no sam-vit-b"), ("nobody", "There is no model 'nobody'")],
)
def test_a_teacher_of_another_model_is_refused(variant: str, sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        load_teacher(variant, SHIPPED)


def test_only_a_recipe_that_says_how_can_distil(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="does not say how to distil"):
        Distiller(0, options(tmp_path), read_recipe("from_scratch"), tiny("sam-vit-b"))
