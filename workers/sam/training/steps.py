"""What a step of training is made of besides its loss: rate, gradients, averaged weights."""

from __future__ import annotations

import copy
import math

import torch
import torch.distributed as dist
from torch import nn


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


def learning_rate(peak: float, share: float, steps: int) -> float:
    """Warm up over 60 steps of a run, then a cosine over the time there is."""
    return peak * min(1.0, (steps + 1) / 60) * (0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)
