"""Training the edge refiner on what a finished model gets wrong: `--help`.

Each step encodes a few pictures whole, as at inference, talks to the model for some rounds about
objects in them, and shows the refiner a crop around each mask that came out, with the human mask
as target. The model itself does not learn.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from workers.sam import selection
from workers.sam.families.edge_refiner import CROP_SIZE, EdgeRefiner
from workers.sam.families.small.model import Sam
from workers.sam.preprocess import image_to_model, model_size, normalise, preprocess
from workers.sam.refinement import Crop, crop_around, logits_in_crop
from workers.sam.training import interaction
from workers.sam.training.data import RealStore, Rng, SceneStore, Source, recoloured
from workers.sam.training.losses import true_iou
from workers.sam.training.train import Averaged, finished_run, learning_rate, make_optimizer

ROUNDS = {1: 0.35, 2: 0.25, 3: 0.2, 4: 0.1, 5: 0.1}
TOO_WRONG = 0.25  # below this IoU the model meant another object: nothing to learn at its edges


@dataclass
class Look:
    """One thing for the refiner to see: crop [R,R,3] uint8, logits and target [R,R], clicks."""

    pixels: np.ndarray
    valid: np.ndarray
    logits: np.ndarray
    target: np.ndarray
    coords: np.ndarray
    labels: np.ndarray


class Talker:
    """A finished model that is clicked at."""

    def __init__(self, weights: Path) -> None:
        self.model = Sam().eval()
        self.model.load_state_dict(finished_run(weights)[0])
        self.size = self.model.config.input_size

    @torch.no_grad()
    def looks(self, rng: Rng, source: Source, objects: int) -> list[Look]:
        """Ask for some objects of a picture; what the refiner gets to see of each."""
        pixels = source.pixels
        weights = np.where(source.areas > 40, source.areas, 0) ** 0.3
        if weights.sum() == 0:
            return []
        chosen = rng.choice(len(weights), objects, p=weights / weights.sum())
        masks = [source.mask(int(index)) for index in chosen]
        image = torch.from_numpy(preprocess(pixels, self.size))[None]
        prepared = self.model.prepare(*self.model.encode(image)).repeat(objects)
        frame = model_size(pixels.shape[1], pixels.shape[0], self.size)
        targets = [_low_res(mask, frame, self.size) for mask in masks]
        talks = [interaction.begin(rng, target) for target in targets]
        feedback: Tensor | None = None
        rounds = int(rng.choice(list(ROUNDS), p=list(ROUNDS.values())))
        for number in range(rounds):
            coords, labels = interaction.as_arrays(talks)
            more = () if feedback is None else (feedback[:, None], torch.ones(objects))
            answer = self.model.decode(
                prepared, torch.from_numpy(coords), torch.from_numpy(labels), None, *more
            )
            feedback = self._chosen(*answer, coords, labels, feedback is not None)
            if number + 1 < rounds:
                for talk, predicted in zip(talks, feedback.numpy() > 0, strict=True):
                    interaction.correct(rng, talk, predicted)
        assert feedback is not None
        looks = []
        for talk, logits, mask in zip(talks, feedback.numpy(), masks, strict=True):
            both = np.count_nonzero((logits > 0) & talk.target)
            if both / np.count_nonzero((logits > 0) | talk.target) > TOO_WRONG:
                looks.append(self._look(rng, pixels, mask, logits, np.array(talk.prompts)))
        return looks

    def _chosen(
        self, masks: Tensor, ious: Tensor, coords: np.ndarray, labels: np.ndarray, fed_back: bool
    ) -> Tensor:
        picked = [
            selection.choose(m.numpy(), i.numpy(), c, lab, self.size, 0, fed_back)
            for m, i, c, lab in zip(masks, ious, coords, labels, strict=True)
        ]
        return masks[torch.arange(len(masks)), torch.tensor(picked)]

    def _look(
        self, rng: Rng, pixels: np.ndarray, mask: np.ndarray, logits: np.ndarray, said: np.ndarray
    ) -> Look:
        size = (pixels.shape[1], pixels.shape[0])
        new = np.array(model_size(*size, self.size)) / np.array(size)
        points = (said[:, :2] + 0.5) / new  # image space
        clicks = said[:, 2] < 2
        positives = [tuple(point) for point in points[said[:, 2] == 1]]
        crop = crop_around(logits, positives, size, self.size)
        assert crop is not None
        crop = _shaken(rng, crop, size)
        fine = model_size(*crop.size, CROP_SIZE)
        cut = np.s_[crop.y0 : crop.y1, crop.x0 : crop.x1]
        how = cv2.INTER_AREA if fine[0] < crop.size[0] else cv2.INTER_LINEAR
        seen = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
        seen[: fine[1], : fine[0]] = cv2.resize(pixels[cut], fine, interpolation=how)
        target = np.zeros((CROP_SIZE, CROP_SIZE), np.float32)
        target[: fine[1], : fine[0]] = cv2.resize(mask[cut], fine, interpolation=how) / 255.0
        valid = np.zeros((CROP_SIZE, CROP_SIZE), bool)
        valid[: fine[1], : fine[0]] = True
        laid = logits_in_crop(logits, crop, size, self.size, CROP_SIZE)
        inside = points[clicks] - np.array([crop.x0, crop.y0])
        coords = image_to_model(inside.reshape(-1, 2), crop.size, CROP_SIZE)
        return Look(seen, valid, laid, target, coords, said[clicks, 2].astype(np.float32))


def _low_res(mask: np.ndarray, frame: tuple[int, int], size: int) -> np.ndarray:
    """A mask 0/255 at image size as covered shares on the model's low-res grid."""
    canvas = np.zeros((size, size), np.uint8)
    canvas[: frame[1], : frame[0]] = cv2.resize(mask, frame, interpolation=cv2.INTER_AREA)
    half = cv2.resize(canvas, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    return half.astype(np.float32) / 255


def _shaken(rng: Rng, crop: Crop, size: tuple[int, int]) -> Crop:
    """Not always the same frame: each side moves by up to a tenth of the crop, never inwards
    past the rule by much."""
    reach = 0.1 * max(crop.size)
    x0, y0, x1, y1 = (np.array([crop.x0, crop.y0, crop.x1, crop.y1])
                      + rng.uniform(-reach, reach, 4)).round().astype(int)  # fmt: skip
    x0, y0 = int(np.clip(x0, 0, crop.x1 - 1)), int(np.clip(y0, 0, crop.y1 - 1))
    return Crop(x0, y0, int(np.clip(x1, x0 + 1, size[0])), int(np.clip(y1, y0 + 1, size[1])))


def to_batch(rng: Rng, looks: list[Look]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """crop, coarse_logits, point_coords, point_labels, targets; flipped and recoloured."""
    most = max(1, *(len(look.labels) for look in looks))
    coords = np.zeros((len(looks), most, 2), np.float32)
    labels = np.full((len(looks), most), -1, np.float32)
    crops, logits, targets = [], [], []
    for row, look in enumerate(looks):
        seen = normalise(recoloured(rng, look.pixels)) * look.valid[..., None]
        given, target, points = look.logits, look.target, look.coords.copy()
        given = given * np.float32(rng.uniform(0.6, 1.5)) + np.float32(rng.normal(0, 0.3))
        given = given * look.valid
        if rng.random() < 0.5:  # padding moves to the left, which does no harm
            seen, given, target = seen[:, ::-1], given[:, ::-1], target[:, ::-1]
            points[:, 0] = CROP_SIZE - 1 - points[:, 0]
        crops.append(seen.transpose(2, 0, 1))
        logits.append(given[None])
        targets.append(target)
        coords[row, : len(points)] = points
        labels[row, : len(points)] = look.labels
    arrays = (np.stack(crops), np.stack(logits), coords, labels, np.stack(targets))
    crop, coarse, xy, kinds, wanted = (
        torch.from_numpy(np.ascontiguousarray(array, np.float32)) for array in arrays
    )
    return crop, coarse, xy, kinds, wanted


def edge_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy, twice as heavy within a few cells of the target's edge, plus dice."""
    wanted = targets[:, None]
    near = functional.max_pool2d(wanted, 9, 1, 4) + functional.max_pool2d(-wanted, 9, 1, 4)
    cross = functional.binary_cross_entropy_with_logits(logits, wanted, weight=1 + near)
    given = torch.sigmoid(logits)
    overlap = (given * wanted).sum(dim=(2, 3))
    sizes = given.sum(dim=(2, 3)) + wanted.sum(dim=(2, 3))
    return 2 * cross + (1 - (2 * overlap + 1) / (sizes + 1)).mean()


def gather(
    rng: Rng, talker: Talker, scenes: SceneStore | None, real: RealStore, count: int, share: float
) -> list[Look]:
    """Enough looks for a batch; `share` of the pictures are real."""
    looks: list[Look] = []
    while len(looks) < count:
        source = real.draw(rng) if scenes is None or rng.random() < share else scenes.draw(rng)
        looks += talker.looks(rng, source, 8)
    return looks[:count]


def train(options: argparse.Namespace) -> None:
    """Until the time is up; `--out` gets the averaged weights every few minutes."""
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(options.seed)
    talker = Talker(options.weights)
    scenes = SceneStore(options.scenes) if options.scenes else None
    real = RealStore(options.data, max_side=640)
    model = EdgeRefiner()
    model.begin_with(talker.model.image_encoder)
    if options.resume:
        model.load_state_dict(torch.load(options.out, weights_only=True))
    averaged, optimizer = Averaged(model, 0.998), make_optimizer(model, options.rate)
    began = saved = time.time()
    recent: list[tuple[float, float, float]] = []
    steps = 0
    while (share := (time.time() - began) / (60 * options.minutes)) < 1:
        looks = gather(rng, talker, scenes, real, options.batch, options.real_share)
        crop, coarse, coords, labels, targets = to_batch(rng, looks)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
            fine = model(crop, coarse, coords, labels)
        fine = fine.float()
        loss = edge_loss(fine, targets)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(options.rate, share, steps)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        averaged.update(model, steps)
        steps += 1
        ious = (true_iou(each.detach(), targets).mean().item() for each in (coarse, fine))
        recent = [*recent[-99:], (loss.item(), *ious)]
        if steps % 50 == 0:
            means = np.mean(recent, axis=0)
            print(f"{share:.1%} step {steps} loss {means[0]:.3f} IoU {means[1]:.3f} ->"
                  f" {means[2]:.3f} looks/s {steps * options.batch / (time.time() - began):.1f}",
                  flush=True)  # fmt: skip
        if time.time() - saved > 120:
            _save(averaged, options.out)
            saved = time.time()
    _save(averaged, options.out)


def _save(averaged: Averaged, path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(averaged.model.state_dict(), part)
    os.replace(part, path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, nargs="*")
    parser.add_argument("--weights", type=Path, required=True, help="the model that is clicked at")
    parser.add_argument("--out", type=Path, required=True, help="the refiner's weights (.pt)")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--real-share", type=float, default=0.75)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--resume", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
