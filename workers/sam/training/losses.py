"""What training minimises. K prompts, M masks each, R x R cells; targets are covered shares."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FOCAL_WEIGHT, DICE_WEIGHT, IOU_WEIGHT = 20.0, 1.0, 3.0
OTHER_MASKS = 0.35  # weight of the masks that are not asked for in this round


def mask_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Focal plus dice of each mask: logits [K,M,R,R], targets [K,R,R] -> [K,M]."""
    wanted = targets[:, None].expand_as(logits)
    given = torch.sigmoid(logits)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    focal = (cross_entropy * (given - wanted).square()).mean(dim=(2, 3))
    overlap = (given * wanted).sum(dim=(2, 3))
    sizes = given.sum(dim=(2, 3)) + wanted.sum(dim=(2, 3))
    dice = 1 - (2 * overlap + 1) / (sizes + 1)
    return FOCAL_WEIGHT * focal + DICE_WEIGHT * dice


def true_iou(logits: Tensor, targets: Tensor) -> Tensor:
    """IoU of the thresholded masks with the thresholded targets, [K,M]."""
    chosen, wanted = logits > 0, (targets > 0.5)[:, None]
    both = (chosen & wanted).sum(dim=(2, 3)).float()
    either = (chosen | wanted).sum(dim=(2, 3)).float()
    return both / either.clamp(min=1)


def round_loss(logits: Tensor, ious: Tensor, targets: Tensor, ambiguous: Tensor) -> Tensor:
    """One round's loss.

    Where one click may mean several things (`ambiguous` [K], 1 or 0) the best of the three
    candidates learns, and the single mask a little; afterwards the other way round.
    """
    each = mask_loss(logits, targets)
    best = each[:, 1:].min(dim=1).values + 0.05 * each[:, 1:].mean(dim=1)
    single = each[:, 0]
    first, later = best + OTHER_MASKS * single, single + OTHER_MASKS * best
    drawn = torch.where(ambiguous > 0, first, later).mean()
    return drawn + IOU_WEIGHT * iou_loss(ious, true_iou(logits, targets))


def iou_loss(predicted: Tensor, actual: Tensor) -> Tensor:
    """Right values, and right differences: the order is what a mask is picked by."""
    gap = (predicted[:, :, None] - predicted[:, None]) - (actual[:, :, None] - actual[:, None])
    return (predicted - actual).square().mean() + 0.5 * gap.square().mean()
