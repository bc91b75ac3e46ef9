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


def click_cell(point: np.ndarray, input_size: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """(row, column) of the low-res cell, on a grid of `shape` [h,w], that a point (x, y) in model
    space lies in."""
    row, column = (
        int(np.clip((at + 0.5) * side / input_size, 0, side - 1))
        for at, side in zip(point[::-1], shape, strict=True)
    )
    return row, column


def contradictions(
    logits: np.ndarray, point_coords: np.ndarray, point_labels: np.ndarray, input_size: int
) -> np.ndarray:
    """How many clicks each mask disobeys; a click is looked up in its low-res cell. [K]."""
    broken = np.zeros(len(logits), int)
    for point, label in zip(point_coords, point_labels, strict=True):
        if label not in (0, 1):
            continue
        row, column = click_cell(point, input_size, logits.shape[1:])
        broken += (logits[:, row, column] > 0) != (label == 1)
    return broken


def is_scored(point_labels: np.ndarray, has_mask_input: bool, scored_clicks: int) -> bool:
    """Whether the masks are rated against each other. One click alone, with no box and no previous
    mask, may mean a part or the whole; some models' readings are worth a look for longer
    (`scored_clicks` of the manifest), then with the previous mask fed back."""
    clicks = np.count_nonzero(point_labels >= 0)
    boxed = bool((point_labels > 1).any())
    return bool(not boxed and 1 <= clicks <= scored_clicks and (clicks > 1 or not has_mask_input))


def choose(
    logits: np.ndarray,
    ious: np.ndarray,
    point_coords: np.ndarray,
    point_labels: np.ndarray,
    input_size: int,
    single_candidate: int,
    has_mask_input: bool = False,
    scored_clicks: int = 1,
) -> int:
    """The index of the mask to take."""
    if not is_scored(point_labels, has_mask_input, scored_clicks):
        return single_candidate
    score = ious + STABILITY_WEIGHT * stability(logits)
    broken = contradictions(logits, point_coords, point_labels, input_size)
    score = score - CONTRADICTION_PENALTY * broken
    score[single_candidate] += SINGLE_BONUS
    return int(np.argmax(score))
