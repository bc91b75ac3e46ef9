"""Learning from a larger model: first its embeddings, then its masks under prompts.

The first part is MobileSAM's (arXiv 2306.14289): the student's image embeddings, projected to the
teacher's channels and grid, are drawn to the teacher's by their mean squared error. The second is
EdgeSAM's (arXiv 2312.06660): both are asked the same prompts, the student learns the teacher's
masks as soft targets, and each next click goes where the two disagree. Human masks only say which
objects are asked for. The projection is dropped at the end.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.sam.families.base import PromptableModel
from workers.sam.families.small.config import SamConfig
from workers.sam.training import interaction
from workers.sam.training.conversation import fed_back, to_tensors
from workers.sam.training.data import Sample
from workers.sam.training.losses import round_loss, true_iou
from workers.sam.training.recipe import Recipe, RecipeError
from workers.sam.training.teacher import Teacher, load_teacher
from workers.sam.training.trainer import Trainer


class Distiller(Trainer):
    """A trainer whose losses ask a teacher. `teacher` is loaded from the options when not given."""

    def __init__(
        self,
        rank: int,
        options: argparse.Namespace,
        recipe: Recipe,
        teacher: PromptableModel | None = None,
    ) -> None:
        if recipe.distill is None:
            raise RecipeError(f"The recipe {recipe.name!r} does not say how to distil.")
        self.how = recipe.distill
        self.teacher = Teacher(teacher or load_teacher(options.variant, options.teacher))
        channels = dict(self.teacher.model.spec.embedding)["image_embeddings"][1]
        torch.manual_seed(1)
        self.projection = nn.Conv2d(SamConfig().embed_dim, channels, 1)
        super().__init__(rank, options, recipe)

    def modules(self) -> dict[str, nn.Module]:
        """The projection learns too, and is resumed with the rest."""
        return {**super().modules(), "projection": self.projection}

    def loss(self, batch: list[Sample], rounds: int, share: float) -> tuple[Tensor, Tensor]:
        """The embedding's loss alone at first, then the masks' with a share of it."""
        images, targets = to_tensors(batch)
        wanted = self.teacher.look(np.stack([sample.pixels for sample in batch]))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bfloat16):
            embeddings = self.model.encode(images)
        apart = self.embedding_loss(embeddings[0].float(), wanted)
        if share < self.how.embedding_until:
            return apart, targets.new_zeros(())  # nothing is decoded yet
        masks, iou = self.conversation(embeddings, targets, batch[0].targets.shape[0], rounds)
        return masks + self.how.embedding_weight * apart, iou

    def embedding_loss(self, given: Tensor, wanted: Tensor) -> Tensor:
        """Student's [B,C,h,w] against teacher's [B,T,H,W], on the teacher's grid; a scalar."""
        size = (wanted.shape[2], wanted.shape[3])
        projected = self.projection(given)
        scaled = functional.interpolate(projected, size, mode="bilinear", align_corners=False)
        return functional.mse_loss(scaled, wanted)

    def conversation(
        self, embeddings: tuple[Tensor, Tensor], targets: Tensor, prompts: int, rounds: int
    ) -> tuple[Tensor, Tensor]:
        """Rounds of prompts to both: the loss, and the student's IoU with the teacher's last masks.

        `targets` [B*P,R,R] are the objects asked for, `prompts` is P.
        """
        prepared = self.model.prepare(*embeddings).repeat(prompts)
        asked = targets.numpy()
        talks = [interaction.begin(self.rng, target) for target in asked]
        total = targets.new_zeros(())
        feedback: Tensor | None = None
        for number in range(rounds):
            coords, labels = (torch.from_numpy(array) for array in interaction.as_arrays(talks))
            ambiguous = torch.tensor([float(len(talk.prompts) == 1) for talk in talks])
            soft = self.teacher.answer(coords, labels, ambiguous, targets.shape[-1])
            soft = _or_asked(soft, targets)
            mask_input = None if feedback is None else feedback[:, None]
            has_mask = None if feedback is None else torch.ones(len(talks))
            with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bfloat16):
                logits, ious = self.model.decode(
                    prepared, coords, labels, None, mask_input, has_mask
                )
            logits, ious = logits.float(), ious.float()
            total = total + round_loss(logits, ious, soft, ambiguous) / rounds
            feedback = fed_back(logits.detach(), ious.detach(), ambiguous)
            if number + 1 < rounds:
                drawn = zip(talks, soft.numpy() > 0.5, feedback.numpy() > 0, strict=True)
                for talk, teacher_mask, own_mask in drawn:
                    talk.target = teacher_mask
                    interaction.correct(self.rng, talk, own_mask)
        assert feedback is not None
        return total, true_iou(feedback[:, None], soft).mean()


def _or_asked(soft: Tensor, targets: Tensor) -> Tensor:
    """Where the teacher sees nothing at all, the object that was asked for stands in."""
    empty = (soft > 0.5).flatten(1).sum(dim=1) == 0
    return torch.where(empty[:, None, None], targets, soft)
