"""Step 3 of the flow: one image's embedding. Idempotent: the key says what the bytes must be."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings

from samweb.core.files import store
from samweb.core.runs import ActiveRun, Refused
from samweb.embeddings.models import Bundle, Embedding
from samweb.embeddings.services import embedding_store
from samweb.projects.models import Image
from samweb.projects.raster import Unreadable, upright_rgb
from workers import encoder

BATCH = 8  # images in one pass on a GPU; a CPU gains nothing from batches


def together() -> int:
    """How many runs one pass over the model takes."""
    return BATCH if encoder.cuda() else 1


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
        rasters = [_raster(run) for run in group]
        for run, tensors in zip(group, encoder.encode(bundle, rasters), strict=True):
            embedding_store(
                pixels_sha256=run.payload["pixels_sha256"], bundle=bundle, tensors=tensors,
                view=run.payload["view"],
            )  # fmt: skip
    return [{"key": run.payload["key"]} for run in runs]


def _raster(run: ActiveRun) -> np.ndarray:
    """The upright RGB8 raster (height, width, 3) that the run's key names."""
    pixels = run.payload["pixels_sha256"]
    image = Image.objects.filter(pixels_sha256=pixels, deleted_at__isnull=True).first()
    if image is None:
        raise Refused("The image was deleted.")
    path = store().path("originals", image.original_sha256)
    try:
        raster = upright_rgb(path, settings.SAMWEB.max_pixels)
    except Unreadable as error:
        raise Refused(f"The image {error}") from error
    if raster.shape != (image.height, image.width, 3):
        raise Refused("The stored image is not the one that was uploaded.")
    return raster
