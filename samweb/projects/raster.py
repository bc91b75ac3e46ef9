"""The one decoder: any accepted file -> its upright RGB8 raster. No Django; the same bytes always.

The rules, in order:
- the type is what the content says, of six kinds; the size is checked before decoding
- of pages and frames the first; of several at once a note says so
- grey of 16 or 32 bits and float: a window from the 0.1th to the 99.9th percentile becomes 0..255
- colour of 16 bits: the high byte of each channel
- an embedded colour profile is converted to sRGB once, if it can be read and fits the mode
- CMYK becomes RGB; transparent pixels lie on white; 1-bit, palette and grey become RGB
- EXIF orientation is applied once; an invalid one counts as upright
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

# Named, because Pillow would otherwise load all its readers when it looks for one of these.
READERS = (
    JpegImagePlugin, PngImagePlugin, WebPImagePlugin, TiffImagePlugin, BmpImagePlugin,
    GifImagePlugin,
)  # fmt: skip
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
MOST_ON_A_SIDE = 65_500  # a JPEG cannot hold more
PROFILE_BYTES = 4 << 20
ROWS_BYTES = 16 << 20
WINDOW_PERCENTILES = (0.1, 99.9)
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

PngImagePlugin.MAX_TEXT_CHUNK = 8 << 20  # some programs keep their whole history in the file
Image.MAX_IMAGE_PIXELS = None  # `header` has the installation's own limit, and is always asked


class Unreadable(Exception):
    """A file that gives no raster. The text goes on after the file's name: "x.jpg is empty." """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Raster:
    """An upright RGB8 picture, what its file was, and what was decided, in words."""

    image: Image.Image
    format: str
    lossy: bool
    note: str
    window: dict[str, float] | None


def upright_rgb(path: str | Path, max_pixels: int) -> NDArray[np.uint8]:
    """The raster, height x width x 3, uint8. Raises Unreadable."""
    return np.asarray(decode(path, max_pixels).image)


def header(path: str | Path, max_pixels: int) -> Image.Image:
    """Open without decoding: the type by content, and the size within the limits."""
    if Path(path).stat().st_size == 0:
        raise Unreadable("empty", "is empty: it has 0 bytes.")
    try:
        image = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        raise Unreadable(
            "not_an_image", "is not a JPEG, PNG, WebP, TIFF, BMP or GIF picture that can be read."
        ) from None
    except Exception as error:
        raise Unreadable("unreadable", f"cannot be read: {_words(error)}.") from error
    width, height = image.size
    if width < 1 or height < 1 or max(width, height) > MOST_ON_A_SIDE:
        raise Unreadable(
            "too_many_pixels",
            f"is {width} x {height} pixels; a side has from 1 to {MOST_ON_A_SIDE}.",
        )
    if width * height > max_pixels:
        raise Unreadable(
            "too_many_pixels",
            f"is {width} x {height} pixels; at most {max_pixels / 1e6:g} megapixels are taken.",
        )
    return image


def decode(path: str | Path, max_pixels: int) -> Raster:
    """Decode a file by the rules above. Raises Unreadable for anything that is not whole."""
    opened = header(path, max_pixels)
    notes: list[str] = []
    with opened:
        format = "JPEG" if opened.format == "MPO" else str(opened.format)
        lossy = format == "JPEG" or (format == "WEBP" and not _webp_lossless(path))
        try:
            _note_frames(opened, notes)
            high = ";16" in str(getattr(opened, "tile", ""))
            opened.load()
            orientation = _orientation(opened) if format != "TIFF" else 1  # Pillow turns TIFFs
            image, window = _rgb(opened, high, notes)
        except Unreadable:
            raise
        except (OSError, EOFError, SyntaxError) as error:
            raise Unreadable("truncated", _damage(error)) from error
        except MemoryError as error:
            raise Unreadable("too_large", "needs too much memory to decode.") from error
        except Exception as error:
            raise Unreadable("unreadable", f"cannot be read: {_words(error)}.") from error
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    image.info = {}  # position, comments and profiles end here
    return Raster(image, format, lossy, " ".join(notes), window)


def row_bytes(image: Image.Image) -> Iterator[bytes]:
    """The raster's bytes in row-major order, a few megabytes at a time."""
    width, height = image.size
    rows = max(1, ROWS_BYTES // (3 * width))
    for top in range(0, height, rows):
        yield image.crop((0, top, width, min(height, top + rows))).tobytes()


def _note_frames(image: Image.Image, notes: list[str]) -> None:
    try:
        frames = int(getattr(image, "n_frames", 1))
    except Exception:  # a broken second page does not spoil the first
        frames = 1
    if frames > 1:
        name = "pages" if image.format == "TIFF" else "frames"
        notes.append(f"The first of {frames} {name} is used.")
    if image.tell() != 0:
        image.seek(0)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _webp_lossless(path: str | Path) -> bool:
    with open(path, "rb") as file:
        return b"VP8L" in file.read(4096)


def _rgb(
    image: Image.Image, high: bool, notes: list[str]
) -> tuple[Image.Image, dict[str, float] | None]:
    if image.mode.startswith(("I", "F")):
        return _windowed(image, notes)
    window = None
    if high:
        window = {"low": 0.0, "high": 65535.0}
        notes.append("16 bits per channel: the high 8 are used, values 0 to 65535 become 0 to 255.")
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        image = _on_white(image, notes)
    profile = image.info.get("icc_profile")
    if profile:
        image = _to_srgb(image, profile, notes)
    if image.mode == "CMYK":
        notes.append("CMYK was converted to RGB.")
    if image.mode != "RGB":
        image = image.convert("RGB")
    elif type(image) is not Image.Image:
        image = image._new(image.im)  # the same pixels without their file; a copy would double them
    return image, window


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = image.convert("RGBA")
    if image.getchannel("A").histogram()[255] < image.width * image.height:
        notes.append("Transparent pixels are shown on white.")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        white.alpha_composite(image)
        image = white
    image = image.convert("RGB")
    image.info = {"icc_profile": profile} if profile else {}
    return image


def _to_srgb(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    if image.mode in ("P", "1"):
        image = image.convert("RGB")
    if len(profile) > PROFILE_BYTES:
        notes.append("Its colour profile is too large and was ignored.")
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        spaces = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
        if source.profile.xcolor_space.strip() != spaces.get(image.mode, "").strip():
            raise ValueError("the profile is of another colour space")
        name = ImageCms.getProfileDescription(source).strip() or "its colour profile"
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except Exception:  # lcms has many ways to say that a profile is broken
        notes.append("Its colour profile cannot be read and was ignored.")
        return image
    was = "CMYK, converted" if image.mode == "CMYK" else "Converted"
    notes.append(f"{was} from {name[:60]} to sRGB.")
    return converted or image


def _windowed(image: Image.Image, notes: list[str]) -> tuple[Image.Image, dict[str, float]]:
    values = np.asarray(image)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.any():
            raise Unreadable("no_values", "holds no finite values.")
        if not finite.all():
            notes.append("Values that are no numbers are shown black.")
            values = np.where(finite, values, values[finite].min())
    low, high = _window_of(values)
    grey = np.empty(values.shape, np.uint8)
    rows = max(1, ROWS_BYTES // (8 * values.shape[1]))
    for top in range(0, values.shape[0], rows):
        part = values[top : top + rows].astype(np.float64)
        scaled = (part - low) * (255.0 / (high - low)) if high > low else np.zeros_like(part)
        grey[top : top + rows] = np.clip(np.rint(scaled), 0, 255)
    notes.append(f"Values from {low:g} to {high:g} are shown as 0 to 255.")
    return Image.fromarray(grey).convert("RGB"), {"low": low, "high": high}


def _window_of(values: NDArray[Any]) -> tuple[float, float]:
    """The stated window. Percentiles, so that a few hot pixels do not darken everything."""
    flat = values.ravel()
    sample = flat[:: max(1, flat.size // 4_000_000)]
    low, high = (float(v) for v in np.percentile(sample, WINDOW_PERCENTILES, method="nearest"))
    if low == high:
        low, high = float(flat.min()), float(flat.max())
    return low, high


def _damage(error: Exception) -> str:
    text = str(error).lower()
    if "truncated" in text or "premature" in text or isinstance(error, EOFError):
        return "is cut off: the end of the picture is missing."
    return f"is damaged: {_words(error)}."


def _words(error: Exception) -> str:
    """An error of the reader as the end of a sentence, short and without addresses."""
    text = " ".join(str(error).split())[:120].rstrip(".")
    return text if text and "<" not in text else "its contents make no sense"
