"""The loss of a conversation: a model is shown a picture and talked to for some rounds."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workers.sam.families.small.model import Sam
from workers.sam.preprocess import normalise
from workers.sam.training import interaction
from workers.sam.training.data import Sample
from workers.sam.training.losses import round_loss, true_iou

EMBEDDING_NOISE = 0.016  # half a step of int8 over -4..4, which is how embeddings are stored


def channels_last(model: Sam) -> Sam:
    """Convolutions on a CPU are up to twice as fast in this order of memory."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model


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
        feedback = fed_back(logits.detach(), ious.detach(), ambiguous)
        if number + 1 < rounds:
            for conversation, predicted in zip(conversations, feedback.numpy() > 0, strict=True):
                interaction.correct(rng, conversation, predicted)
    assert feedback is not None
    return total, true_iou(feedback[:, None], targets).mean()


def fed_back(logits: Tensor, ious: Tensor, ambiguous: Tensor) -> Tensor:
    """The mask a person would go on with: the best looking candidate, later the single one."""
    chosen = torch.where(ambiguous > 0, ious[:, 1:].argmax(dim=1) + 1, 0)
    return logits[torch.arange(len(logits)), chosen]
