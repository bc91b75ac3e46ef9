"""An embedding's tensors as bytes: little-endian, one after another in the manifest's order.

float16 and float32 are stored as they are. int8 is stored with one scale for each channel (axis 1
of a shape [1,C,...]): C scales as float32, then the numbers, value = number x scale, scale = the
channel's largest magnitude / 127. Pure numpy; web, workers and `frontend/src/decoder/tensors.ts`
follow the same golden file (tests/contract/tensors.json).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

BYTES_PER_NUMBER = {"float16": 2, "float32": 4, "int8": 1}
STEPS = 127  # symmetric: -128 is never used


def stored_bytes(shape: Sequence[int], dtype: str) -> int:
    """How many bytes a tensor takes, its scales included. KeyError for an unknown dtype."""
    scales = 4 * shape[1] if dtype == "int8" else 0
    return math.prod(shape) * BYTES_PER_NUMBER[dtype] + scales


def quantised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finite float [1,C,...] -> int8 of the same shape and scales float32 [C]."""
    wide = values.astype(np.float32)
    channels = np.abs(wide).reshape(wide.shape[1], -1)
    scales = (channels.max(axis=1) / STEPS).astype(np.float32)
    divisor = _along_channels(np.where(scales > 0, scales, np.float32(1)), wide.ndim)
    return np.clip(np.rint(wide / divisor), -STEPS, STEPS).astype(np.int8), scales


def widened(numbers: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """int8 [1,C,...] and scales [C] -> float32 of the same shape."""
    return numbers.astype(np.float32) * _along_channels(scales, numbers.ndim)


def to_bytes(values: np.ndarray, dtype: str) -> bytes:
    """A tensor as it is stored and served. ValueError when it is not finite in that dtype."""
    target = np.dtype("<f4" if dtype == "int8" else dtype).newbyteorder("<")
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused below
        given = np.ascontiguousarray(values, dtype=target)
    if not np.isfinite(given).all():
        raise ValueError("numbers that are not finite")
    if dtype != "int8":
        return given.tobytes()
    numbers, scales = quantised(given)
    return scales.astype("<f4").tobytes() + numbers.tobytes()


def from_bytes(content: bytes, shape: Sequence[int], dtype: str) -> np.ndarray:
    """The tensor that `to_bytes` wrote: float16 stays float16, int8 comes back as float32."""
    if len(content) != stored_bytes(shape, dtype):
        raise ValueError("the bytes do not fit the shape")
    if dtype != "int8":
        return np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).reshape(tuple(shape))
    scales = np.frombuffer(content, "<f4", count=shape[1])
    numbers = np.frombuffer(content, np.int8, offset=4 * shape[1]).reshape(tuple(shape))
    return widened(numbers, scales)


def as_stored(values: np.ndarray, dtype: str) -> np.ndarray:
    """What is left of a tensor after it was stored: rounded. Storing the result changes nothing."""
    return from_bytes(to_bytes(values, dtype), values.shape, dtype)


def _along_channels(scales: np.ndarray, dimensions: int) -> np.ndarray:
    return scales.reshape(1, -1, *(1,) * (dimensions - 2))
