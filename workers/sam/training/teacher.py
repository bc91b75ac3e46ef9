"""A larger model that a small one learns from: any variant of the catalogue, with a checkpoint."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from workers.sam import families
from workers.sam.checkpoints.errors import CheckpointError
from workers.sam.checkpoints.importing import check_variant, read_weights
from workers.sam.checkpoints.tensors import read_header
from workers.sam.checkpoints.variants import guess
from workers.sam.families.base import PromptableModel, WrongCheckpoint

EMBEDDING = "image_embeddings"


def load_teacher(variant: str | None, checkpoint: Path) -> PromptableModel:
    """A variant with official weights, frozen; without a name its weights tell which one it is.

    The file is read in a process of its own, like every checkpoint. Raises CheckpointError (a
    ValueError) for a file that is refused or of another model, OSError for one that is missing.
    """
    if variant:
        check_variant(variant)
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        read_weights(checkpoint, weights, checkpoint.name)
        chosen = variant or guess(read_header(weights))
        model = families.build(chosen)
        try:
            model.load_official(load_file(weights))
        except WrongCheckpoint as problem:
            raise CheckpointError(f"{checkpoint.name} is no {chosen}: {problem}") from None
    return frozen(model)


def frozen(model: PromptableModel) -> PromptableModel:
    """As it will be asked, and never changed."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


class Teacher:
    """One batch of pictures, encoded once, and asked with prompts of the student's space.

    The teacher sees what the student sees, scaled to its own input: so positions agree, and no
    detail is asked for that the student cannot know.
    """

    def __init__(self, model: PromptableModel) -> None:
        self.model = model
        self.size = model.spec.preprocessing.input_size
        names = [name for name, _ in model.spec.embedding]
        if EMBEDDING not in names:
            raise ValueError(f"The teacher's embedding has no {EMBEDDING}.")
        self.main = names.index(EMBEDDING)
        self.embedding: tuple[Tensor, ...] = ()
        self.scale = 1.0  # the teacher's pixels over the student's

    @torch.no_grad()
    def look(self, pixels: np.ndarray) -> Tensor:
        """RGB uint8 [B,S,S,3] in the student's model space -> its image embeddings [B,C,h,w]."""
        self.scale = self.size / pixels.shape[1]
        about = self.model.spec.preprocessing
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
        images = (images - torch.tensor(about.mean)[:, None, None]) / torch.tensor(about.std)[
            :, None, None
        ]
        size = (self.size, self.size)
        images = functional.interpolate(images, size, mode="bilinear", align_corners=False)
        self.embedding = self.model.encode(images)
        return self.embedding[self.main]

    @torch.no_grad()
    def answer(self, coords: Tensor, labels: Tensor, ambiguous: Tensor, side: int) -> Tensor:
        """Prompts [K,N,2], [K,N] in the student's space, K/B of each picture in turn -> the mask
        the teacher would show, as probabilities [K,side,side].

        Of an ambiguous click (`ambiguous` [K] > 0) that is the reading it rates highest.
        """
        times = len(coords) // len(self.embedding[0])
        embedding = tuple(tensor.repeat_interleave(times, 0) for tensor in self.embedding)
        # p_teacher = p_image * scale - 0.5 and p_student = p_image - 0.5, in the student's pixels
        logits, ious = self.model.decode(embedding, (coords + 0.5) * self.scale - 0.5, labels)
        single = self.model.spec.single_candidate
        readings = ious.clone()
        readings[:, single] = -torch.inf
        best = (
            readings.argmax(dim=1) if ious.shape[1] > 1 else torch.zeros_like(labels[:, 0]).long()
        )
        chosen = torch.where(ambiguous > 0, best, single)
        masks = logits[torch.arange(len(logits)), chosen][:, None]
        masks = functional.interpolate(masks, (side, side), mode="bilinear", align_corners=False)
        return torch.sigmoid(masks[:, 0])
