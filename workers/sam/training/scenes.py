"""Procedural scenes: layered objects with parts, twins and groups, on real or made grounds.

A scene is an RGB picture with a map of node ids and, for each node, its parent. The mask of a node
is every pixel whose node has it as an ancestor, so that a part, a whole and a group of wholes are
all asked for with one click in training. Run `python -m workers.sam.training.scenes --help`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from workers.sam.training import shapes
from workers.sam.training.real_sets import (
    TRAINING_SETS,
    LabelledImage,
    load_set,
    texture_swatches,
    unlabelled_photos,
)

Rng = np.random.Generator
Window = tuple[slice, slice]
SCENE_SIZE = 320
MAX_NODES = 128


@dataclass
class Library:
    """What scenes are made from: photographs, swatches and pictures with human masks."""

    photos: list[np.ndarray]
    swatches: list[np.ndarray]
    labelled: list[LabelledImage]

    @classmethod
    def load(cls, root: Path | None) -> Library:
        """Read everything lawful that there is under `root` (training images only); without it
        all is drawn and nothing pasted."""
        if root is None:
            return cls([], [], [])
        cut_outs = [
            image
            for name in TRAINING_SETS
            if name != "nuclei_dsb2018_2" and (root / name / "instances.json").is_file()
            for image in load_set(root, name)
            if image.objects
        ]
        if not (root / "unlabelled_photos" / "manifest.json").is_file():
            return cls([], [], cut_outs)
        return cls(list(unlabelled_photos(root)), list(texture_swatches(root)), cut_outs)


class Scene:
    """A picture under construction."""

    def __init__(self, rng: Rng, library: Library, size: int = SCENE_SIZE) -> None:
        self.rng, self.library, self.size = rng, library, size
        self.pixels = background(rng, library, size).astype(np.float32)
        self.nodes = np.zeros((size, size), np.uint8)
        self.parents = [0]  # node 0 is the ground

    def new_node(self, parent: int = 0) -> int:
        """Reserve the id of one more object, part or group."""
        self.parents.append(parent)
        return len(self.parents) - 1

    def paste(self, alpha: np.ndarray, fill: np.ndarray, node: int, window: Window) -> None:
        """Lay `fill` over `window` of the picture where `alpha` (uint8, window-sized) is set."""
        below = self.pixels[window]
        below += (fill - below) * (alpha * np.float32(1 / 255))[..., None]
        self.nodes[window][alpha > 127] = node

    @property
    def is_full(self) -> bool:
        return len(self.parents) >= MAX_NODES - 24


def random_patch(rng: Rng, source: np.ndarray, size: int) -> np.ndarray:
    """A random crop of a picture, scaled to size x size, uint8."""
    height, width = source.shape[:2]
    side = max(16, int(min(height, width) * rng.uniform(0.25, 1)))
    y, x = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    crop = source[y : y + side, x : x + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_LINEAR)


def noise_texture(rng: Rng, size: int) -> np.ndarray:
    """Two colours mixed by noise of one random scale, optionally stretched into stripes."""
    cells_y, cells_x = rng.integers(2, 48, 2)
    field = cv2.resize(
        rng.random((cells_y, cells_x)).astype(np.float32),
        (size, size),
        interpolation=cv2.INTER_CUBIC,
    )
    if rng.random() < 0.3:
        field = (field > 0.5).astype(np.float32)
    first = rng.uniform(0, 255, 3)
    second = np.clip(first + rng.normal(0, rng.uniform(4, 70), 3), 0, 255)
    return first + (second - first) * field[..., None]


def texture(rng: Rng, library: Library, size: int) -> np.ndarray:
    """What an object is covered with: photo patch, swatch, noise or (nearly) one colour."""
    kind = rng.random()
    if kind < 0.3 and library.photos:
        return random_patch(rng, library.photos[rng.integers(len(library.photos))], size)
    if kind < 0.55 and library.swatches:
        swatch = random_patch(rng, library.swatches[rng.integers(len(library.swatches))], size)
        tint = rng.uniform(0.4, 1.5, 3) if rng.random() < 0.5 else 1.0
        return np.clip(swatch * tint, 0, 255)
    if kind < 0.75:
        return noise_texture(rng, size)
    colour = rng.uniform(0, 255, 3)
    ramp = np.linspace(-1, 1, size)
    slope = rng.normal(0, 25, 2)
    shade = ramp[:, None] * slope[0] + ramp[None, :] * slope[1]
    return np.clip(colour + shade[..., None], 0, 255)


def background(rng: Rng, library: Library, size: int) -> np.ndarray:
    """The ground of a scene."""
    if rng.random() < 0.5 and library.photos:
        return random_patch(rng, library.photos[rng.integers(len(library.photos))], size)
    return texture(rng, library, size)


def window_of(alpha: np.ndarray) -> Window:
    """The bounding box of what is set; everything is painted inside it, for speed."""
    x, y, w, h = cv2.boundingRect(alpha)
    return np.s_[y : y + h, x : x + w]


def shaded(rng: Rng, alpha: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Give a flat cut-out some volume: light from one side, darker rim."""
    inside = cv2.copyMakeBorder((alpha > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    depth = np.sqrt(depth / (depth.max() + 1e-3))
    light_x = cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=5)
    light_y = cv2.Sobel(depth, cv2.CV_32F, 0, 1, ksize=5)
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(2, 14)
    relief = (light_x * np.cos(angle) + light_y * np.sin(angle)) * strength
    rim = (depth - 1) * rng.uniform(0, 60)
    return np.clip(fill + (relief + rim)[..., None], 0, 255)


def drop_shadow(scene: Scene, alpha: np.ndarray, window: Window) -> None:
    """Darken the ground beside an object; the shadow is nobody's pixel."""
    rng = scene.rng
    dx, dy = int(rng.normal(0, 6)), int(abs(rng.normal(0, 6)))
    top, left = max(0, window[0].start + dy), max(0, window[1].start + dx)
    ground = scene.pixels[top : top + alpha.shape[0], left : left + alpha.shape[1]]
    cast = cv2.blur(alpha, (int(rng.integers(2, 14)),) * 2)[: ground.shape[0], : ground.shape[1]]
    ground *= 1 - (cast * np.float32(rng.uniform(0.15, 0.65) / 255))[..., None]


def texture_in(scene: Scene, window: Window) -> np.ndarray:
    """A texture of the size of a window."""
    height, width = scene.nodes[window].shape
    return texture(scene.rng, scene.library, max(height, width, 8))[:height, :width]


def add_drawn_object(scene: Scene, centre: np.ndarray, radius: float) -> None:
    """Draw one silhouette with its own texture and, sometimes, parts."""
    rng = scene.rng
    draw = shapes.FAMILIES[rng.integers(len(shapes.FAMILIES))]
    finish_object(scene, draw(rng, scene.size, centre, radius), 0)


def finish_object(
    scene: Scene, silhouette: np.ndarray, parent: int, covering: np.ndarray | None = None
) -> None:
    """Texture, light and paste one silhouette; then its parts."""
    rng, window = scene.rng, window_of(silhouette)
    alpha = silhouette[window]
    if alpha.size < 9:
        return
    if rng.random() < 0.35:
        drop_shadow(scene, alpha, window)
    if covering is None:
        fill = texture_in(scene, window)
    else:
        fill = covering[window] + rng.normal(0, 8, 3)
    if rng.random() < 0.15:  # camouflage: the object is a changed piece of what lies below
        fill = scene.pixels[window] + rng.normal(0, 22, 3)
    if rng.random() < 0.5:
        fill = shaded(rng, alpha, fill)
    node = scene.new_node(parent)
    scene.paste(alpha, np.clip(fill, 0, 255).astype(np.float32), node, window)
    if rng.random() < 0.2:
        edge = cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        colour = np.full((1, 1, 3), rng.uniform(0, 255), np.float32)
        scene.paste(np.minimum(edge, alpha), colour, node, window)
    if rng.random() < 0.4:
        add_parts(scene, silhouette, node)


def add_parts(scene: Scene, whole: np.ndarray, node: int, depth: int = 0) -> None:
    """Cover pieces of an object with other textures; each piece is a child node."""
    rng = scene.rng
    rows, columns = np.nonzero(whole > 200)
    if len(rows) < 300 or scene.is_full:
        return
    tinted = rng.random() < 0.4
    for _ in range(rng.integers(1, 4)):
        pick = rng.integers(len(rows))
        centre = np.array([columns[pick], rows[pick]], float)
        part = _piece(rng, whole, centre, np.sqrt(len(rows)))
        window = window_of(part)
        if part[window].size < 16:
            continue
        fill = texture_in(scene, window)
        if tinted:
            fill = scene.pixels[window] * rng.uniform(0.4, 1.4, 3)
        child = scene.new_node(node)
        scene.paste(part[window], np.clip(fill, 0, 255).astype(np.float32), child, window)
        if depth == 0 and rng.random() < 0.25:
            add_parts(scene, part, child, depth + 1)


def _piece(rng: Rng, whole: np.ndarray, centre: np.ndarray, extent: float) -> np.ndarray:
    """One side of a straight cut through an object, or a small shape inside it."""
    if rng.random() < 0.4:
        normal = rng.normal(size=2)
        y, x = np.ogrid[: whole.shape[0], : whole.shape[1]]
        side = (x - centre[0]) * normal[0] + (y - centre[1]) * normal[1] > 0
        return whole * side
    draw = shapes.SIMPLE[rng.integers(len(shapes.SIMPLE))]
    return np.minimum(draw(rng, len(whole), centre, extent * rng.uniform(0.12, 0.4)), whole)


def add_cut_out(scene: Scene) -> None:
    """Paste a human-made mask: with its own pixels mostly, else as a silhouette only."""
    rng = scene.rng
    image = scene.library.labelled[rng.integers(len(scene.library.labelled))]
    chosen = image.objects[rng.integers(len(image.objects))]
    h, w = chosen.pixels.shape
    if h * w < 200:
        return
    scale = min(3, scene.size * rng.uniform(0.12, 0.7) / max(h, w))
    size = (max(4, round(w * scale)), max(4, round(h * scale)))
    mask = cv2.resize(chosen.pixels, size, interpolation=cv2.INTER_LINEAR)
    own = image.pixels[chosen.y : chosen.y + h, chosen.x : chosen.x + w]
    own = cv2.resize(own, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        mask, own = mask[:, ::-1], own[:, ::-1]
    x = int(rng.integers(-size[0] // 4, scene.size - size[0] * 3 // 4))
    y = int(rng.integers(-size[1] // 4, scene.size - size[1] * 3 // 4))
    alpha, fill = _placed(mask, own, x, y, scene.size)
    window = window_of(alpha)
    if alpha[window].size < 16:
        return
    if rng.random() < 0.75:
        if rng.random() < 0.3:
            drop_shadow(scene, alpha[window], window)
        fill = fill[window].astype(np.float32)
        scene.paste(alpha[window], fill, scene.new_node(), window)
    else:
        finish_object(scene, alpha, 0)


def _placed(
    mask: np.ndarray, own: np.ndarray, x: int, y: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    alpha, fill = np.zeros((size, size), np.uint8), np.zeros((size, size, 3), np.uint8)
    h, w = mask.shape
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + h, size), min(x + w, size)
    inside = np.s_[top - y : bottom - y, left - x : right - x]
    alpha[top:bottom, left:right] = mask[inside]
    fill[top:bottom, left:right] = own[inside]
    return alpha, fill


def add_group(scene: Scene) -> None:
    """Many look-alikes close together: nuts, cells, windows; each is an object, all are a group."""
    rng = scene.rng
    group = scene.new_node()
    covering = texture(rng, scene.library, scene.size)
    radius = scene.size * rng.uniform(0.02, 0.11)
    centre = rng.uniform(0.2, 0.8, 2) * scene.size
    spread = radius * rng.uniform(2, 6)
    grid = rng.random() < 0.3
    draw = shapes.FAMILIES[rng.integers(len(shapes.FAMILIES))]
    for index in range(int(rng.integers(3, 20))):
        place = centre + rng.normal(0, spread, 2)
        if grid:
            place = centre + (np.array([index % 4, index // 4]) - 1.5) * radius * 2.4
        alpha = draw(rng, scene.size, place, radius * rng.uniform(0.8, 1.2))
        finish_object(scene, alpha, group, covering)
        if scene.is_full:
            return


def weathered(rng: Rng, pixels: np.ndarray) -> np.ndarray:
    """What a camera does to a picture: blur, gain, noise."""
    if rng.random() < 0.4:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.5:
        strength = rng.uniform(1, 12)
        pixels = pixels + rng.standard_normal(pixels.shape, np.float32) * np.float32(strength)
    if rng.random() < 0.15:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def make_scene(rng: Rng, library: Library) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One scene: pixels uint8 S x S x 3, node ids uint8 S x S, parents uint8 [MAX_NODES]."""
    scene = Scene(rng, library)
    for _ in range(int(2 ** rng.uniform(1, 4.2))):
        if scene.is_full:
            break
        kind = rng.random()
        if kind < 0.38 and library.labelled:
            add_cut_out(scene)
        elif kind < 0.48:
            add_group(scene)
        else:
            radius = scene.size * 2 ** rng.uniform(-5, -1.4)
            add_drawn_object(scene, rng.uniform(0, scene.size, 2), radius)
    parents = np.zeros(MAX_NODES, np.uint8)
    parents[: len(scene.parents)] = scene.parents[:MAX_NODES]
    return weathered(rng, scene.pixels), scene.nodes, parents


def write_scenes(library: Library, out: Path, count: int, seed: int) -> None:
    """Write scenes as three arrays that training reads without loading them whole."""
    out.mkdir(parents=True, exist_ok=True)
    shape = (count, SCENE_SIZE, SCENE_SIZE)
    pixels = _new_array(out / "pixels.npy", (*shape, 3))
    nodes = _new_array(out / "nodes.npy", shape)
    parents = _new_array(out / "parents.npy", (count, MAX_NODES))
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        pixels[index], nodes[index], parents[index] = make_scene(rng, library)
        if index % 500 == 0:
            print(f"{index} of {count} scenes", flush=True)


def _new_array(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=write_scenes.__doc__)
    parser.add_argument("--data", type=Path, help="folder of the image sets; all is drawn without")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    write_scenes(Library.load(options.data), options.out, options.count, options.seed)


if __name__ == "__main__":
    main()
