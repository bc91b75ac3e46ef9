"""Protocol buffers on the wire, as far as looking into a file needs them.

Fields are read where they lie, in a mapped file: no copy of weights, no native parser, no message
that is built from what the file says. https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Damaged(ValueError):
    """Not a message, or one that ends before it should."""


@dataclass(frozen=True)
class Piece:
    """Bytes `start` to `end` of a mapped file: a message, a text or raw numbers."""

    data: mmap.mmap | bytes
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def text(self, most: int = 512) -> str:
        """As text; what is longer than `most` bytes is cut."""
        return self.data[self.start : min(self.end, self.start + most)].decode("utf-8", "replace")

    def fields(self) -> Iterator[tuple[int, int | Piece]]:
        """(number, value) of each field: whole numbers, or pieces. Raises Damaged."""
        at = self.start
        while at < self.end:
            key, at = self._varint(at)
            number, kind = key >> 3, key & 7
            if number == 0:
                raise Damaged("field 0")
            if kind == VARINT:
                value, at = self._varint(at)
                yield number, value
                continue
            if kind == BYTES:
                length, at = self._varint(at)
            elif kind in (FIXED32, FIXED64):
                length = 4 if kind == FIXED32 else 8
            else:
                raise Damaged(f"wire type {kind}")
            if length > self.end - at:
                raise Damaged("a field ends beyond its message")
            yield number, Piece(self.data, at, at + length)
            at += length

    def _varint(self, at: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if at >= self.end:
                raise Damaged("a number ends beyond its message")
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
        raise Damaged("a number of more than ten bytes")
