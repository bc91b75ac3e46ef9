"""One process of a training run: its model, where it stands, and how it steps.

The learning rate, the input size and the share of real pictures follow the clock, so a run that is
given N minutes ends after N minutes on any machine.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from safetensors import safe_open
from torch import Tensor, nn

from workers.sam.families.small.model import Sam, load_weights
from workers.sam.training.conversation import channels_last, conversation_loss
from workers.sam.training.data import RealStore, Sample, SceneStore, draw_batch
from workers.sam.training.log import RunLog
from workers.sam.training.recipe import Recipe
from workers.sam.training.steps import (
    Averaged,
    average_gradients,
    learning_rate,
    make_optimizer,
)

REPORT_STEPS = 50


@dataclass
class Progress:
    """What a checkpoint must remember besides weights."""

    seconds: float = 0.0
    steps: int = 0
    images_seen: int = 0


def finished_run(path: Path) -> tuple[dict[str, Tensor], int]:
    """Averaged weights and pictures seen: of a checkpoint, or of weights as safetensors."""
    if path.suffix == ".safetensors":
        with safe_open(path, "pt") as file:
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            return weights, int((file.metadata() or {}).get("images_seen", 0))
    saved = load_weights(str(path))
    return saved["averaged"], saved["progress"]["images_seen"]


class Trainer:
    """See the module's docstring. `options` are those of `train.add_arguments`; what they leave
    open (None) the recipe says."""

    def __init__(self, rank: int, options: argparse.Namespace, recipe: Recipe) -> None:
        self.rank, self.options, self.recipe = rank, options, recipe
        self.minutes = options.minutes or recipe.minutes
        self.rate = options.rate or recipe.rate
        self.prompts = options.prompts or recipe.prompts
        torch.manual_seed(0)  # all processes begin with the same weights
        self.model = channels_last(Sam())
        self.averaged, self.at = Averaged(self.model, recipe.ema), Progress()
        self.learned = self.modules()
        self.optimizer = make_optimizer(nn.ModuleList(self.learned.values()), self.rate)
        self.checkpoint: Path = options.out / "checkpoint.pt"
        if options.resume and self.checkpoint.exists():
            self._resume()
        elif options.refine:
            self._refine(options.refine)
        self.began_with = self.at.images_seen if not self.at.steps else 0
        self.rng = np.random.default_rng([rank, self.at.steps])
        torch.manual_seed(rank + 1000 * self.at.steps)
        self.recent: list[tuple[float, float]] = []
        self.log = RunLog(options.out)

    def modules(self) -> dict[str, nn.Module]:
        """What learns, by its name in a checkpoint; the first is what ships."""
        return {"model": self.model}

    def _resume(self) -> None:
        saved = load_weights(str(self.checkpoint))
        for name, module in self.learned.items():
            module.load_state_dict(saved[name])
        self.averaged.model.load_state_dict(saved["averaged"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.at = Progress(**saved["progress"])

    def _refine(self, finished: Path) -> None:
        """Go on from the averaged weights of a finished run, with a clock of its own."""
        weights, images_seen = finished_run(finished)
        missing, unexpected = self.model.load_state_dict(weights, strict=False)
        # A smaller model's weights will do: blocks that they lack begin as identity.
        if unexpected or any(".stage" not in n and ".global_blocks" not in n for n in missing):
            raise ValueError(f"{finished} belongs to another model: {[*unexpected, *missing][:3]}")
        self.averaged = Averaged(self.model, self.recipe.ema)
        self.at = Progress(images_seen=images_seen)

    def run(self, scenes: SceneStore | None, real: RealStore | None) -> None:
        """Step until the time is up."""
        began, saved_at = time.time() - self.at.seconds, time.time()
        if self.rank == 0:
            self.log.begin(self.recipe.name, self.minutes, self.rate, self.at.steps)
        while (share := self._share_of_time(began)) < 1:
            settings = self.recipe.batch(share, self.prompts)
            self.step(draw_batch(self.rng, scenes, real, settings), share)
            if self.rank == 0 and self.at.steps % REPORT_STEPS == 0:
                self._report(share, settings.size)
            if self.rank == 0 and time.time() - saved_at > 60 * self.options.save_minutes:
                self.save()
                saved_at = time.time()
        if self.rank == 0:
            self.save()

    def step(self, batch: list[Sample], share: float) -> None:
        """Learn from one batch."""
        often = self.recipe.rounds
        # Seeded by the step, so that all processes talk for as many rounds.
        dice = np.random.default_rng(self.at.steps)
        rounds = int(dice.choice(list(often), p=list(often.values())))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.rate, share, self.at.steps)
        loss, iou = self.loss(batch, rounds, share)
        self.optimizer.zero_grad()
        loss.backward()
        learned = nn.ModuleList(self.learned.values())
        average_gradients(learned, self.options.processes)
        nn.utils.clip_grad_norm_(learned.parameters(), 1.0)
        self.optimizer.step()
        self.averaged.update(self.model, self.at.steps)
        self.at.steps += 1
        self.at.images_seen += len(batch) * self.options.processes
        self.recent = [*self.recent[-49:], (loss.item(), iou.item())]

    def loss(self, batch: list[Sample], rounds: int, share: float) -> tuple[Tensor, Tensor]:
        """What this step minimises, and the IoU of the masks that came last."""
        return conversation_loss(self.model, batch, self.rng, rounds, self.options.bfloat16)

    def _share_of_time(self, began: float) -> float:
        seconds = torch.tensor([time.time() - began])
        if self.options.processes > 1:
            dist.broadcast(seconds, 0)  # all processes live by the clock of the first
        self.at.seconds = seconds.item()
        return self.at.seconds / (self.minutes * 60)

    def _report(self, share: float, size: int) -> None:
        loss, iou = np.mean(self.recent, axis=0)
        line = {
            "step": self.at.steps,
            "share": round(share, 4),
            "size": size,
            "images": self.at.images_seen,
            "loss": round(float(loss), 4),
            "iou": round(float(iou), 4),
            "images_per_second": round(
                (self.at.images_seen - self.began_with) / self.at.seconds, 2
            ),
        }
        self.log.write(line)
        print(" ".join(f"{name} {value}" for name, value in line.items()), flush=True)

    def save(self) -> None:
        """Write beside the old checkpoint, then rename: a kill in between loses nothing."""
        part = self.checkpoint.with_suffix(".part")
        torch.save(
            {name: module.state_dict() for name, module in self.learned.items()}
            | {
                "averaged": self.averaged.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "progress": vars(self.at),
            },
            part,
        )
        os.replace(part, self.checkpoint)
