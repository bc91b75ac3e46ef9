"""Which of a decode's masks is taken when nobody chooses (docs/model.md states the rule in words).

The front end follows the same rule; keep the two alike.
"""

from __future__ import annotations

import numpy as np

STABILITY_OFFSET = 1.0
STABILITY_WEIGHT = 0.5
CONTRADICTION_PENALTY = 0.3
SINGLE_BONUS = 0.1  # the single mask is the safer guess when the ratings are close


def stability(logits: np.ndarray) -> np.ndarray:
    """IoU of each mask at threshold +offset with itself at -offset: [K,h,w] -> [K] in 0..1."""
    firm = np.count_nonzero(logits > STABILITY_OFFSET, axis=(1, 2))
    loose = np.count_nonzero(logits > -STABILITY_OFFSET, axis=(1, 2))
    return firm / np.maximum(loose, 1)


def contradictions(
    logits: np.ndarray, point_coords: np.ndarray, point_labels: np.ndarray, input_size: int
) -> np.ndarray:
    """How many clicks each mask disobeys; a click is looked up in its low-res cell. [K]."""
    height, width = logits.shape[1:]
    broken = np.zeros(len(logits), int)
    for (x, y), label in zip(point_coords, point_labels, strict=True):
        if label not in (0, 1):
            continue
        column = int(np.clip((x + 0.5) * width / input_size, 0, width - 1))
        row = int(np.clip((y + 0.5) * height / input_size, 0, height - 1))
        broken += (logits[:, row, column] > 0) != (label == 1)
    return broken


def is_ambiguous(point_labels: np.ndarray, has_mask_input: bool) -> bool:
    """One click alone, with no box and no previous mask, may mean a part or the whole."""
    return not has_mask_input and np.count_nonzero(point_labels >= 0) == 1


def choose(
    logits: np.ndarray,
    ious: np.ndarray,
    point_coords: np.ndarray,
    point_labels: np.ndarray,
    input_size: int,
    single_candidate: int,
    has_mask_input: bool = False,
) -> int:
    """The index of the mask to take."""
    if not is_ambiguous(point_labels, has_mask_input):
        return single_candidate
    score = ious + STABILITY_WEIGHT * stability(logits)
    broken = contradictions(logits, point_coords, point_labels, input_size)
    score = score - CONTRADICTION_PENALTY * broken
    score[single_candidate] += SINGLE_BONUS
    return int(np.argmax(score))
