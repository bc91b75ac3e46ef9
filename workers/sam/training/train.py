"""The training loop: `python -m workers.sam.training.train --help`.

Several processes average their gradients: on a CPU two processes of one thread are a third faster
than one process of two. The learning rate, the input size and the share of real pictures follow
the clock, so a run that is given N minutes ends after N minutes on any machine. It writes a
checkpoint every few minutes and goes on from it with `--resume`.
"""

from __future__ import annotations

import argparse
import copy
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from safetensors import safe_open
from torch import Tensor, nn

from workers.sam.families.small.model import Sam, load_weights
from workers.sam.preprocess import normalise
from workers.sam.training import interaction
from workers.sam.training.data import BatchSettings, RealStore, Sample, SceneStore, draw_batch
from workers.sam.training.losses import round_loss, true_iou

EMBEDDING_NOISE = 0.016  # half a step of int8 over -4..4, so far above float16's rounding


@dataclass(frozen=True)
class Stage:
    """A part of the run: until which share of the time, at which size, how many at once."""

    until: float
    size: int
    images: int


@dataclass(frozen=True)
class Schedule:
    """What changes in the course of a run, by the share of its time that is over."""

    stages: tuple[Stage, ...]
    rounds: dict[int, float]  # how often a conversation has so many rounds of clicks
    real_share: tuple[float, float]  # of real pictures, at the start and at the end
    whole: tuple[float, float]  # of pictures shown whole, as at inference

    def stage(self, share: float) -> Stage:
        return next(stage for stage in self.stages if share < stage.until)

    def batch(self, share: float, prompts: int) -> BatchSettings:
        """Towards the end more real pictures, and more of them whole."""
        stage = self.stage(share)
        real_share, whole = (
            first + (last - first) * share for first, last in (self.real_share, self.whole)
        )
        return BatchSettings(stage.size, stage.images, prompts, real_share=real_share, whole=whole)


FROM_SCRATCH = Schedule(
    stages=(Stage(0.12, 128, 12), Stage(0.38, 192, 8), Stage(1.01, 256, 6)),
    rounds={1: 0.22, 2: 0.3, 3: 0.28, 4: 0.13, 5: 0.07},
    real_share=(0.4, 0.7),
    whole=(0.45, 0.7),
)
# After a run from scratch: at full size, and the first click, the weakest, more often.
REFINING = Schedule(
    stages=(Stage(1.01, 256, 6),),
    rounds={1: 0.38, 2: 0.26, 3: 0.19, 4: 0.12, 5: 0.05},
    real_share=(0.5, 0.7),
    whole=(0.55, 0.75),
)


@dataclass
class Progress:
    """What a checkpoint must remember besides weights."""

    seconds: float = 0.0
    steps: int = 0
    images_seen: int = 0


def channels_last(model: Sam) -> Sam:
    """Convolutions on a CPU are up to twice as fast in this order of memory."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model


class Averaged:
    """An exponential moving average of the weights and of the batch statistics."""

    def __init__(self, model: nn.Module, decay: float = 0.998) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, steps: int) -> None:
        """Move a little towards the current weights; faster in the beginning."""
        keep = min(self.decay, (1 + steps) / (10 + steps))
        current = model.state_dict()
        for name, kept in self.model.state_dict().items():
            if kept.dtype.is_floating_point:
                kept.lerp_(current[name], 1 - keep)
            else:
                kept.copy_(current[name])


def to_tensors(batch: list[Sample]) -> tuple[Tensor, Tensor]:
    """Normalised images [B,3,S,S] and targets [B*P,R,R]."""
    pixels = normalise(np.stack([sample.pixels for sample in batch]))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    targets = np.concatenate([sample.targets for sample in batch])
    return images, torch.from_numpy(targets)


def conversation_loss(
    model: Sam, batch: list[Sample], rng: np.random.Generator, rounds: int, half: bool = False
) -> tuple[Tensor, Tensor]:
    """Encode once, then talk for some rounds: the loss, and the IoU of the mask fed back last.

    `half` runs the products in bfloat16, a third faster where the CPU has instructions for it.
    """
    images, targets = to_tensors(batch)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        embeddings = [
            tensor + (torch.rand_like(tensor) - 0.5) * (2 * EMBEDDING_NOISE)
            for tensor in model.encode(images.contiguous(memory_format=torch.channels_last))
        ]
        prepared = model.prepare(*embeddings).repeat(batch[0].targets.shape[0])
    wanted = targets.numpy()
    conversations = [interaction.begin(rng, target) for target in wanted]
    feedback: Tensor | None = None
    total = targets.new_zeros(())
    for number in range(rounds):
        coords, labels = interaction.as_arrays(conversations)
        mask_input = has_mask = None
        if feedback is not None and rng.random() < 0.85:
            mask_input = feedback[:, None]
            has_mask = torch.from_numpy((rng.random(len(wanted)) < 0.8).astype(np.float32))
        prompts = torch.from_numpy(coords), torch.from_numpy(labels)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits, ious = model.decode(prepared, *prompts, None, mask_input, has_mask)
        logits, ious = logits.float(), ious.float()
        ambiguous = torch.tensor([float(len(c.prompts) == 1) for c in conversations])
        total = total + round_loss(logits, ious, targets, ambiguous) / rounds
        feedback = _fed_back(logits.detach(), ious.detach(), ambiguous)
        if number + 1 < rounds:
            for conversation, predicted in zip(conversations, feedback.numpy() > 0, strict=True):
                interaction.correct(rng, conversation, predicted)
    assert feedback is not None
    return total, true_iou(feedback[:, None], targets).mean()


def _fed_back(logits: Tensor, ious: Tensor, ambiguous: Tensor) -> Tensor:
    """The mask a person would go on with: the best looking candidate, later the single one."""
    chosen = torch.where(ambiguous > 0, ious[:, 1:].argmax(dim=1) + 1, 0)
    return logits[torch.arange(len(logits)), chosen]


def average_gradients(model: nn.Module, world: int) -> None:
    """Make every process take the same step."""
    if world == 1:
        return
    for parameter in model.parameters():  # one process may have used the mask branch alone
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= world
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def make_optimizer(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW; vectors (biases, norms, tokens) are not decayed."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def finished_run(path: Path) -> tuple[dict[str, Tensor], int]:
    """Averaged weights and pictures seen: of a checkpoint, or of weights as safetensors."""
    if path.suffix == ".safetensors":
        with safe_open(path, "pt") as file:
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            return weights, int((file.metadata() or {}).get("images_seen", 0))
    saved = load_weights(str(path))
    return saved["averaged"], saved["progress"]["images_seen"]


def learning_rate(peak: float, share: float, steps: int) -> float:
    """Warm up over 60 steps of a run, then a cosine over the time there is."""
    return peak * min(1.0, (steps + 1) / 60) * (0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)


class Trainer:
    """One process of a run: its model, where it stands, and how it steps."""

    def __init__(self, rank: int, options: argparse.Namespace) -> None:
        self.rank, self.options = rank, options
        torch.manual_seed(0)  # all processes begin with the same weights
        self.model = channels_last(Sam())
        self.averaged, self.at = Averaged(self.model), Progress()
        self.optimizer = make_optimizer(self.model, options.rate)
        self.checkpoint: Path = options.out / "checkpoint.pt"
        self.schedule = REFINING if options.refine else FROM_SCRATCH
        if options.resume and self.checkpoint.exists():
            self._resume()
        elif options.refine:
            self._refine(options.refine)
        self.began_with = self.at.images_seen if not self.at.steps else 0
        self.rng = np.random.default_rng([rank, self.at.steps])
        torch.manual_seed(rank + 1000 * self.at.steps)
        self.recent: list[tuple[float, float]] = []

    def _resume(self) -> None:
        saved = load_weights(str(self.checkpoint))
        self.model.load_state_dict(saved["model"])
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
        self.averaged = Averaged(self.model, decay=0.99)
        self.at = Progress(images_seen=images_seen)

    def run(self, scenes: SceneStore | None, real: RealStore) -> None:
        """Step until the time is up."""
        began, saved_at = time.time() - self.at.seconds, time.time()
        while (share := self._share_of_time(began)) < 1:
            settings = self.schedule.batch(share, self.options.prompts)
            self.step(draw_batch(self.rng, scenes, real, settings), share)
            if self.rank == 0 and self.at.steps % 50 == 0:
                self._report(share, settings.size)
            if self.rank == 0 and time.time() - saved_at > 60 * self.options.save_minutes:
                self.save()
                saved_at = time.time()
        if self.rank == 0:
            self.save()

    def step(self, batch: list[Sample], share: float) -> None:
        """Learn from one batch."""
        often = self.schedule.rounds
        # Seeded by the step, so that all processes talk for as many rounds.
        dice = np.random.default_rng(self.at.steps)
        rounds = int(dice.choice(list(often), p=list(often.values())))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.options.rate, share, self.at.steps)
        loss, iou = conversation_loss(self.model, batch, self.rng, rounds, self.options.bfloat16)
        self.optimizer.zero_grad()
        loss.backward()
        average_gradients(self.model, self.options.processes)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.averaged.update(self.model, self.at.steps)
        self.at.steps += 1
        self.at.images_seen += len(batch) * self.options.processes
        self.recent = [*self.recent[-49:], (loss.item(), iou.item())]

    def _share_of_time(self, began: float) -> float:
        seconds = torch.tensor([time.time() - began])
        if self.options.processes > 1:
            dist.broadcast(seconds, 0)  # all processes live by the clock of the first
        self.at.seconds = seconds.item()
        return self.at.seconds / (self.options.minutes * 60)

    def _report(self, share: float, size: int) -> None:
        loss, iou = np.mean(self.recent, axis=0)
        print(
            f"{share:6.1%} step {self.at.steps} size {size} images {self.at.images_seen}"
            f" loss {loss:.3f} last IoU {iou:.3f}"
            f" images/s {(self.at.images_seen - self.began_with) / self.at.seconds:.1f}",
            flush=True,
        )

    def save(self) -> None:
        """Write beside the old checkpoint, then rename: a kill in between loses nothing."""
        part = self.checkpoint.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "averaged": self.averaged.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "progress": vars(self.at),
            },
            part,
        )
        os.replace(part, self.checkpoint)


def train(
    rank: int, options: argparse.Namespace, scenes: SceneStore | None, real: RealStore
) -> None:
    """One process of a run, from its start."""
    torch.set_num_threads(options.threads)
    if options.processes > 1:
        dist.init_process_group(
            "gloo",
            init_method=f"file://{options.out}/rendezvous",
            rank=rank,
            world_size=options.processes,
        )
    Trainer(rank, options).run(scenes, real)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a run; `manage.py train` has the same."""
    parser.add_argument("--data", type=Path, default=os.environ.get("SAMWEB_TEST_DATA"))
    parser.add_argument("--scenes", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=180)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--prompts", type=int, default=4, help="objects asked for in each image")
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument(
        "--bfloat16", action="store_true", help="faster on CPUs with avx512_bf16 or amx_bf16"
    )
    parser.add_argument("--save-minutes", type=float, default=3)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--refine",
        type=Path,
        metavar="WEIGHTS",
        help="a finished run's checkpoint, or weights/samweb-small.safetensors beside this file",
    )


def run(options: argparse.Namespace) -> None:
    """Load once, then fork: the processes share the pictures."""
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "rendezvous").unlink(missing_ok=True)
    scenes, real = SceneStore(options.scenes), RealStore(Path(options.data))
    if options.processes == 1:
        train(0, options, scenes, real)
        return
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=train, args=(rank, options, scenes, real))
        for rank in range(options.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
