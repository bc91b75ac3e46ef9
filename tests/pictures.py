"""Pictures made for tests: small ones in every kind of file, and ones that lie about themselves."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")


def scene(width: int = 60, height: int = 40, seed: int = 0) -> Image.Image:
    """A picture in which no two places look alike: red grows to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    blue = np.full((height, width), seed % 256)
    return Image.fromarray(np.stack([x, y, blue], axis=2).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file of this kind."""
    out = io.BytesIO()
    image.save(out, format=kind, **options)
    return out.getvalue()


def named(name: str, content: bytes) -> io.BytesIO:
    """A file of that name, as the test client takes it."""
    file = io.BytesIO(content)
    file.name = name
    return file


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *, extra: bytes = b"", rows: int | None = None) -> bytes:
    """A grey PNG that states this size; by default its pixels are there, packed very well."""
    start = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    row = b"\0" * (width + 1)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height if rows is None else rows))
    pixels += packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", start) + extra + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )  # fmt: skip
