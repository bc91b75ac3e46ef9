"""Simulated people: first clicks and boxes, then corrections where the mask is most wrong.

Targets and predictions live on the grid of `low_res_masks` (stride 2 of model space). Prompts are
returned in model space under SAM's convention (the model adds the half).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

Rng = np.random.Generator
STRIDE = 2
Prompt = tuple[float, float, float]  # x_model, y_model, label


@dataclass
class Conversation:
    """One object, its target mask (bool) and what has been said so far."""

    target: np.ndarray
    prompts: list[Prompt] = field(default_factory=list)

    def add_click(self, row: int, column: int, positive: bool) -> None:
        """A click in the middle of a low-resolution cell."""
        x, y = (column + 0.5) * STRIDE - 0.5, (row + 0.5) * STRIDE - 0.5
        self.prompts.append((x, y, 1.0 if positive else 0.0))

    def add_box(self, rng: Rng, looseness: float) -> None:
        """The target's box, drawn as carelessly as people do."""
        x, y, w, h = cv2.boundingRect(self.target.astype(np.uint8))
        error = rng.normal(0, looseness, 4) * np.array([w, h, w, h])
        edges = np.array([x, y, x + w, y + h]) + np.clip(error, -0.25 * max(w, h), 0.25 * max(w, h))
        x0, y0, x1, y1 = edges * STRIDE - 0.5
        self.prompts += [(min(x0, x1), min(y0, y1), 2.0), (max(x0, x1), max(y0, y1), 3.0)]


def depth_inside(mask: np.ndarray) -> np.ndarray:
    """Distance of each set cell from the mask's edge; the border of the grid counts as edge."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]


def pick_inside(rng: Rng, mask: np.ndarray, innermost: float) -> tuple[int, int]:
    """A cell of the mask: the innermost one, or any, those further inside more likely."""
    depth = depth_inside(mask)
    if rng.random() < innermost:
        return divmod(int(depth.argmax()), mask.shape[1])
    weight = depth.ravel().astype(np.float64)
    total = np.cumsum(weight)
    return divmod(int(np.searchsorted(total, rng.random() * total[-1])), mask.shape[1])


def begin(rng: Rng, target: np.ndarray) -> Conversation:
    """The first prompt for a target given as coverage (float) on the low-resolution grid."""
    solid = target > 0.5
    if not solid.any():  # thinner than a cell
        solid = target >= target.max()
    conversation = Conversation(solid)
    kind = rng.random()
    if kind > 0.72:
        conversation.add_box(rng, rng.choice([0.0, 0.04, 0.1]))
    if kind < 0.78:
        conversation.add_click(*pick_inside(rng, solid, 0.6), positive=True)
    return conversation


def correct(rng: Rng, conversation: Conversation, predicted: np.ndarray) -> None:
    """Click into the largest wrong region; where nothing is wrong, once more inside the object."""
    wrong = (conversation.target != predicted).astype(np.uint8)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(wrong, connectivity=8)
    if count <= 1:
        conversation.add_click(*pick_inside(rng, conversation.target, 0.0), positive=True)
        return
    areas = statistics[1:, cv2.CC_STAT_AREA].astype(np.float64)
    chosen = int(areas.argmax())
    if rng.random() < 0.2:  # people do not always see the largest mistake
        chosen = int(rng.choice(len(areas), p=areas / areas.sum()))
    row, column = pick_inside(rng, labels == chosen + 1, 0.7)
    conversation.add_click(row, column, positive=bool(conversation.target[row, column]))


def as_arrays(conversations: list[Conversation]) -> tuple[np.ndarray, np.ndarray]:
    """point_coords [K,N,2] and point_labels [K,N], padded with label -1."""
    longest = max(len(conversation.prompts) for conversation in conversations)
    coords = np.zeros((len(conversations), longest, 2), np.float32)
    labels = np.full((len(conversations), longest), -1, np.float32)
    for row, conversation in enumerate(conversations):
        given = np.array(conversation.prompts, np.float32)
        coords[row, : len(given)] = given[:, :2]
        labels[row, : len(given)] = given[:, 2]
    return coords, labels
