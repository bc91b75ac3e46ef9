"""Rows of drawn and reviewed work, made without HTTP, for tests about what comes after it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samweb.annotations.models import Annotation, Job, JobImage, Mask, Verdict
from samweb.masks import rle
from tests import cast


def box(image: cast.Image, x: int, y: int, width: int, height: int) -> NDArray[np.bool_]:
    """A mask of the size of the image with one filled box."""
    mask = np.zeros((image.height, image.width), dtype=bool)
    mask[y : y + height, x : x + width] = True
    return mask


def mask_row(mask: NDArray[np.bool_]) -> Mask:
    """The stored row of a mask."""
    height, width = mask.shape
    counts = rle.counts_of_mask(mask)
    text = rle.string_of(counts)
    digest = hashlib.sha256(f"{height}x{width}:{text}".encode()).hexdigest()
    return Mask.objects.get_or_create(
        sha256=digest,
        defaults={
            "height": height, "width": width, "counts": text, "area": rle.area(counts),
            "bbox": rle.bbox(counts, height),
        },
    )[0]  # fmt: skip


def annotation(
    image: cast.Image, label: cast.Label | None, mask: NDArray[np.bool_], **fields: Any
) -> Annotation:
    """An annotation with this mask in layer main."""
    return Annotation.objects.create(
        project=image.project, image=image, label=label, mask=mask_row(mask),
        seq=Annotation.objects.count() + 1, **fields,
    )  # fmt: skip


def verdict(of: Annotation, value: str) -> Verdict:
    """What a reviewer said of the annotation as it is now."""
    return Verdict.objects.create(
        annotation=of, verdict=value, annotation_version=of.version, seq=1
    )


def job_image(image: cast.Image, state: str, **fields: Any) -> JobImage:
    """The image in a job, in this state."""
    job, _ = Job.objects.get_or_create(project=image.project, name="Job", defaults={"seq": 1})
    return JobImage.objects.create(
        project=image.project, job=job, image=image, state=state, seq=1, **fields
    )
