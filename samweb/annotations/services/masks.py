"""Mask rows: immutable, named by their content. Area and box are always the server's own."""

from __future__ import annotations

import hashlib
from typing import Any

from samweb.annotations.models import Annotation, Mask
from samweb.annotations.services.checks import Refused, Stale, read, whole
from samweb.masks import rle
from samweb.projects.models import Image

ANY = lambda value: value  # noqa: E731  (checked below, where the size is known)
MASK = {"size": ANY, "counts": ANY}
PATCH = {"bbox": ANY, "counts": ANY, "base_version": whole(1, 2**31 - 1)}


def mask_put(payload: Any, image: Image) -> Mask:
    """Store the mask `{"size": [h, w], "counts": string | list}` for an image. Raises Refused."""
    fields = read(payload, MASK, "size", "counts")
    if fields["size"] != [image.height, image.width]:
        raise Refused(
            f"The mask's size must be [{image.height}, {image.width}], the height and width of "
            "the image.",
            "bad_size",
        )
    try:
        counts = rle.counts_of(fields["counts"], image.height, image.width)
    except rle.RleError as error:
        raise Refused(str(error), error.code) from None
    return _store(counts, image)


def mask_patch(payload: Any, annotation: Annotation, image: Image, now: Any) -> Mask:
    """Store the annotation's mask with an XOR patch applied. Raises Refused, or Stale."""
    fields = read(payload, PATCH, "bbox", "counts", "base_version")
    if fields["base_version"] != annotation.version:
        raise Stale(now(annotation))
    try:
        before = rle.counts_of(annotation.mask.counts, image.height, image.width)
        after = rle.apply_patch(before, image.height, image.width, fields["bbox"], fields["counts"])
    except rle.RleError as error:
        raise Refused(str(error), error.code) from None
    return _store(after, image)


def _store(counts: rle.Counts, image: Image) -> Mask:
    area = rle.area(counts)
    if area == 0:
        raise Refused("The mask is empty. Delete the object instead.", "empty_mask")
    text = rle.string_of(counts)
    mask = Mask(
        sha256=mask_sha256(text, image.height, image.width),
        height=image.height, width=image.width, counts=text,
        area=area, bbox=rle.bbox(counts, image.height),
    )  # fmt: skip
    Mask.objects.bulk_create([mask], ignore_conflicts=True)  # the same pixels are the same row
    return mask


def mask_sha256(counts: str, height: int, width: int) -> str:
    """The id of a mask row: the hash of its size and canonical counts."""
    return hashlib.sha256(f"{height}x{width}:{counts}".encode()).hexdigest()
