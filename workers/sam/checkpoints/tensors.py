"""The header of a safetensors file: names, shapes and where the bytes are. Needs no torch.

Format: eight bytes of length (little-endian), so many bytes of JSON, then the tensors one after
another without gaps (github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sam.checkpoints.errors import CheckpointError

MOST_HEADER = 8 << 20
SIZES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
    "BOOL": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """One tensor of a file: its number type in the format's word, and its shape."""

    dtype: str
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, Stored]:
    """The tensors of a file by name. Raises CheckpointError unless every byte has one owner."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(MOST_HEADER, size - 8):
            raise CheckpointError(f"{path.name} is truncated, damaged or no safetensors file.")
        text = file.read(length)
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        spans = sorted(
            (*_span(entry), name, Stored(entry["dtype"], tuple(entry["shape"])))
            for name, entry in entries.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CheckpointError(f"{path.name} has no header that can be read.") from None
    end = 0
    for first, last, name, _stored in spans:
        if first != end:
            raise CheckpointError(f"{path.name}: {name!r} overlaps another tensor or leaves a gap.")
        end = last
    if end != size - 8 - length:
        raise CheckpointError(f"{path.name} is truncated or has bytes that belong to nothing.")
    return {name: stored for _first, _last, name, stored in spans}


def _span(entry: dict[str, Any]) -> tuple[int, int]:
    """First and last byte, if they fit the shape. Raises ValueError."""
    first, last = entry["data_offsets"]
    shape = entry["shape"]
    whole = all(type(n) is int and 0 <= n < 1 << 40 for n in (*shape, first, last))
    if not whole or last - first != math.prod(shape) * SIZES[entry["dtype"]]:
        raise ValueError("offsets and shape differ")
    return first, last
