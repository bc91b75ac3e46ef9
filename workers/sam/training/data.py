"""Training samples: a picture in model space and a few objects to ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from workers.sam.preprocess import MEAN
from workers.sam.training.real_sets import LabelledImage, load_set

Rng = np.random.Generator


@dataclass
class Sample:
    """pixels uint8 S x S x 3; targets float32 P x S/2 x S/2, the covered share of each cell."""

    pixels: np.ndarray
    targets: np.ndarray


@dataclass
class Source:
    """A picture before the view is chosen; `mask(i)` is uint8 0/255 at the picture's size."""

    pixels: np.ndarray
    areas: np.ndarray
    mask: Callable[[int], np.ndarray]


class SceneStore:
    """Scenes written by `scenes.py`, read from disk as they are needed."""

    def __init__(self, folders: list[Path]) -> None:
        self.parts = [
            tuple(
                np.load(folder / f"{name}.npy", mmap_mode="r")
                for name in ("pixels", "nodes", "parents")
            )
            for folder in folders
        ]

    def draw(self, rng: Rng) -> Source:
        """A random scene."""
        pixels, nodes, parents = self.parts[rng.integers(len(self.parts))]
        index = int(rng.integers(len(pixels)))
        node_map, parent = np.array(nodes[index]), np.array(parents[index])
        family = _families(parent)
        areas = family @ np.bincount(node_map.ravel(), minlength=len(parent))[: len(parent)]
        # The ground may be asked for too: sky and grass are things that people label.
        areas[0] = np.count_nonzero(node_map == 0)

        def mask(node: int) -> np.ndarray:
            return (family[node] * np.uint8(255))[node_map]

        return Source(np.array(pixels[index]), areas, mask)


def _families(parents: np.ndarray) -> np.ndarray:
    """Row n marks node n and all its descendants, uint8 [M, M]."""
    family = np.eye(len(parents), dtype=np.uint8)
    for node in range(1, len(parents)):
        ancestor = parents[node]
        while ancestor:
            family[ancestor, node] = 1
            ancestor = parents[ancestor]
    return family


class RealStore:
    """Photographs with human masks, by set."""

    def __init__(
        self,
        root: Path,
        held_out: bool = False,
        max_side: int = 448,
        *,
        shares: Mapping[str, float],
    ) -> None:
        """`shares`: how often a picture comes from each set. ValueError names a missing set."""
        missing = [name for name in shares if not (root / name / "instances.json").is_file()]
        if missing:
            raise ValueError(f"{root} lacks the sets {', '.join(missing)}: no instances.json.")
        self.sets = {
            name: [
                image
                for image in load_set(root, name, held_out=held_out, max_side=max_side)
                if image.objects
            ]
            for name in shares
        }
        often = np.array(list(shares.values()))
        self.shares = often / often.sum()

    def draw(self, rng: Rng) -> Source:
        """A random image of a random set."""
        name = list(self.sets)[rng.choice(len(self.shares), p=self.shares)]
        images = self.sets[name]
        return real_source(images[rng.integers(len(images))])


def real_source(image: LabelledImage) -> Source:
    """A labelled photograph as a source."""
    height, width = image.pixels.shape[:2]
    areas = np.array([np.count_nonzero(item.pixels) for item in image.objects])
    return Source(image.pixels, areas, lambda index: image.objects[index].full(height, width))


def make_sample(rng: Rng, source: Source, size: int, prompts: int, whole: float) -> Sample | None:
    """Choose a view and `prompts` objects in it; None when no object is large enough to see."""
    weights = np.where(source.areas > 24, source.areas, 0) ** 0.3
    if weights.sum() == 0:
        return None
    weights = weights / weights.sum()
    focus = source.mask(int(rng.choice(len(weights), p=weights)))
    matrix = _view(rng, focus, size, whole)
    targets: list[np.ndarray] = []
    for attempt in range(prompts * 2):
        index = int(rng.choice(len(weights), p=weights))
        mask = focus if attempt == 0 else source.mask(index)
        seen = _warp(mask, matrix, size)
        covered = np.count_nonzero(seen > 127)
        if 20 <= covered <= 0.95 * size * size:
            half = cv2.resize(seen, (size // 2, size // 2), interpolation=cv2.INTER_AREA)
            targets.append(half.astype(np.float32) / 255)
        if len(targets) == prompts:
            break
    if not targets:
        return None
    targets += [targets[int(rng.integers(len(targets)))] for _ in range(prompts - len(targets))]
    pixels = recoloured(rng, _warp(source.pixels, matrix, size))
    # padding has no light of its own: it is what normalises to zero
    real = _warp(np.full_like(focus, 255), matrix, size)
    pixels[real < 128] = np.round(MEAN).astype(np.uint8)
    return Sample(pixels, np.stack(targets))


def _view(rng: Rng, focus: np.ndarray, size: int, whole: float) -> np.ndarray:
    """An affine map from the picture to model space: the whole image as at inference, or a crop."""
    height, width = focus.shape
    flip = np.diag([-1.0, 1.0, 1.0]) if rng.random() < 0.5 else np.eye(3)
    flip[0, 2] = width if flip[0, 0] < 0 else 0
    if rng.random() < 0.15:
        flip = np.array([[1.0, 0, 0], [0, -1, height], [0, 0, 1]]) @ flip
    if rng.random() < whole:
        scale = size / max(height, width) * (1 if rng.random() < 0.6 else rng.uniform(0.6, 1))
        return (np.diag([scale, scale, 1]) @ flip)[:2]
    x, y, w, h = cv2.boundingRect(focus)
    extent = max(w, h, 8) * 2 ** rng.uniform(0.1, 2.3)
    scale = size / np.clip(extent, 48, 1.1 * max(height, width))
    angle = np.deg2rad(rng.uniform(-25, 25)) if rng.random() < 0.4 else 0.0
    stretch = 2 ** rng.uniform(-0.25, 0.25)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cos * stretch, -sin, 0], [sin * stretch, cos, 0], [0, 0, 1]]) @ flip
    centre = turn @ np.array([x + w / 2, y + h / 2, 1])
    shift = size / 2 + rng.uniform(-0.3, 0.3, 2) * size - centre[:2]
    turn[:2, 2] += shift
    return turn[:2]


def _warp(picture: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Apply a map between corner-origin spaces; shrink by area first so that nothing aliases."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    matrix = matrix.copy()
    if scale < 0.7:
        height, width = picture.shape[:2]
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        matrix[:, 0] *= width / small[0]
        matrix[:, 1] *= height / small[1]
    # cv2 counts from pixel centres, our maps from corners
    matrix[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR)


def recoloured(rng: Rng, pixels: np.ndarray) -> np.ndarray:
    """Change light, colour and noise, as cameras and screens do."""
    out: np.ndarray = pixels.astype(np.float32)
    if rng.random() < 0.7:
        out = (out - 128) * rng.uniform(0.65, 1.35) + 128 + rng.uniform(-30, 30)
    if rng.random() < 0.5:
        out = out * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.4:
        grey = out.mean(axis=2, keepdims=True)
        out = grey + (out - grey) * rng.uniform(0, 1.6)
    if rng.random() < 0.06:
        out = 255 - out
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.2:
        strength = np.float32(rng.uniform(1, 10))
        out += rng.standard_normal(out.shape, np.float32) * strength
    return np.clip(out, 0, 255).astype(np.uint8)


def draw_batch(
    rng: Rng, scenes: SceneStore | None, real: RealStore | None, settings: BatchSettings
) -> list[Sample]:
    """A batch of samples, real ones with the given probability; one store may be missing."""
    batch: list[Sample] = []
    while len(batch) < settings.images:
        made = real is None or (scenes is not None and rng.random() >= settings.real_share)
        store = scenes if made else real
        assert store is not None  # a run has one of the two
        source = store.draw(rng)
        sample = make_sample(rng, source, settings.size, settings.prompts, settings.whole)
        if sample is not None:
            batch.append(sample)
    return batch


@dataclass(frozen=True)
class BatchSettings:
    """What a batch is drawn with."""

    size: int
    images: int
    prompts: int
    real_share: float
    whole: float
