"""Masks as PNG files: one bit a pixel for one mask, an index a pixel for many. No Django."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_INDEX = 65_535


def binary_png(mask: NDArray[np.bool_]) -> bytes:
    """A mask (H x W) as a 1-bit PNG: 0 black, 1 white."""
    return _saved(Image.fromarray(np.ascontiguousarray(mask)))


def indexed_png(
    indices: NDArray[np.integer], palette: Sequence[tuple[int, int, int]] = ()
) -> bytes:
    """A label picture (H x W of small numbers, 0 = nothing) whose pixel values are the numbers.

    8 bits with the palette (RGB by index) up to 255, else 16-bit grey without one.
    """
    highest = int(indices.max(initial=0))
    if int(indices.min(initial=0)) < 0 or highest > MAX_INDEX:
        raise ValueError(f"indices must be from 0 to {MAX_INDEX}")
    if highest > 255:
        return _saved(Image.fromarray(np.ascontiguousarray(indices, dtype=np.uint16)))
    picture = Image.fromarray(np.ascontiguousarray(indices, dtype=np.uint8))
    if palette:
        flat = [channel for colour in palette for channel in colour]
        picture = picture.convert("L")
        picture.putpalette(flat + [0] * (768 - len(flat)))
    return _saved(picture)


def read_binary_png(data: bytes, *, max_pixels: int) -> NDArray[np.bool_]:
    """The mask in a PNG of ours or of others: anything above the middle of its range is set.

    Grey, palette and 1-bit pictures without transparency. Raises ValueError for the rest.
    """
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as picture:
            if picture.width * picture.height > max_pixels:
                raise ValueError(f"the picture has more than {max_pixels} pixels")
            if picture.mode not in {"1", "L", "P", "I;16"}:
                raise ValueError(f"a mask is black and white, not {picture.mode}")
            values = np.asarray(picture)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"not a PNG: {error}") from None
    if values.dtype == np.bool_:
        return values
    return values > (np.iinfo(values.dtype).max // 2)


def _saved(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
