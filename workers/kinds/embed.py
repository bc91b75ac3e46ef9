"""Step 3 of the flow: one image's embedding. Idempotent: the key says what the bytes must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from samweb.core.runs import ActiveRun, Refused
from samweb.embeddings.models import Bundle, Embedding
from samweb.embeddings.services import BadTensors, embedding_store
from samweb.projects.models import Image
from workers import encoder
from workers.rasters import raster_of

TOGETHER = 32  # runs at a time on a GPU, four batches of its encoder; a CPU gains nothing


def together() -> int:
    """How many runs one pass over the model takes."""
    return TOGETHER if encoder.cuda() else 1


def work(run: ActiveRun) -> dict[str, Any]:
    """Encode one image and store the tensors."""
    (result,) = work_together([run])
    return result


def work_together(runs: list[ActiveRun]) -> list[dict[str, Any]]:
    """Encode several images, one pass per bundle; results in the order of the runs."""
    done = set(
        Embedding.objects.filter(key__in=[run.payload["key"] for run in runs]).values_list(
            "key", flat=True
        )
    )
    waiting: dict[str, list[ActiveRun]] = {}
    for run in runs:
        if run.payload["key"] not in done:
            waiting.setdefault(run.payload["bundle"], []).append(run)
    for bundle_id, group in waiting.items():
        bundle = Bundle.objects.filter(id=bundle_id).first()
        if bundle is None:
            raise Refused("The bundle that was asked for is not registered any more.")
        encoded = encoder.encode(bundle, _Rasters(group))
        for run, tensors in zip(group, encoded, strict=True):
            try:
                embedding_store(
                    pixels_sha256=run.payload["pixels_sha256"], bundle=bundle, tensors=tensors,
                    view=run.payload["view"],
                )  # fmt: skip
            except BadTensors as error:
                raise Refused(f"The model's answer cannot be used: {error}.") from error
    return [{"key": run.payload["key"]} for run in runs]


class _Rasters(Sequence[np.ndarray]):
    """The upright RGB8 rasters (height, width, 3) that the runs' keys name, each decoded when it is
    asked for: only a few of a batch are in memory at once, and on a GPU threads decode ahead. The
    database is asked here, not there."""

    def __init__(self, runs: list[ActiveRun]) -> None:
        self.images = [_image(run) for run in runs]

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, at: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, at: slice) -> list[np.ndarray]: ...
    def __getitem__(self, at: int | slice) -> np.ndarray | list[np.ndarray]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        return raster_of(self.images[at])


def _image(run: ActiveRun) -> Image:
    pixels = run.payload["pixels_sha256"]
    image = Image.objects.filter(pixels_sha256=pixels, deleted_at__isnull=True).first()
    if image is None:
        raise Refused("The image was deleted.")
    return image
