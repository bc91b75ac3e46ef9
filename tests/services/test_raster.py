"""From any accepted file to one upright RGB8 raster, by stated rules."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from samweb.projects import raster
from tests import pictures

LIMIT = 200_000_000
TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "picture"


def decoded(file: Path, content: bytes) -> raster.Raster:
    file.write_bytes(content)
    return raster.decode(file, LIMIT)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 65535])
def test_orientation_is_applied_once_and_an_invalid_one_counts_as_upright(
    kind: str, orientation: int, file: Path
) -> None:
    upright = pictures.scene()
    turn = TRANSPOSED.get(orientation)
    stored = upright.transpose(turn) if turn is not None else upright
    exif = Image.Exif()
    exif[raster.ORIENTATION] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    options |= {"lossless": True} if kind == "WEBP" else {}
    found = decoded(file, pictures.encoded(stored, kind, exif=exif, **options))
    difference = np.abs(np.asarray(found.image, int) - np.asarray(upright, int))
    assert found.image.size == (60, 40)
    assert difference.max() <= (10 if kind == "JPEG" else 0)
    assert not found.image.getexif() and not found.image.info


def test_the_eight_real_orientations_show_the_same_photograph(data: Path) -> None:
    folder = data / "raw_photos"
    coffee = raster.upright_rgb(folder / "coffee.png", LIMIT).astype(int)
    for orientation in range(1, 9):
        found = raster.upright_rgb(folder / f"exif_orientation_{orientation}.jpg", LIMIT)
        assert found.shape == coffee.shape == (400, 600, 3)
        assert np.abs(found - coffee).mean() < 5


def test_twelve_bits_in_sixteen_are_shown_through_a_stated_window(data: Path) -> None:
    folder = data / "raw_photos"
    found = raster.decode(folder / "camera_12bit_in_16.png", LIMIT)
    plain = raster.upright_rgb(folder / "camera_grey8.png", LIMIT).astype(int)
    shown = np.asarray(found.image).astype(int)
    assert np.corrcoef(shown.ravel(), plain.ravel())[0, 1] > 0.999
    assert found.window and found.window["high"] < 4200 and "shown as 0 to 255" in found.note
    assert shown.min() == 0 and shown.max() == 255


@pytest.mark.parametrize(
    ("name", "words"),
    [("stack_5_pages.tif", "first of 5 pages"), ("animated.gif", "first of 4 frames"),
     ("cat_rgba.png", "on white"), ("astronaut_cmyk.jpg", "CMYK"), ("float32.tif", "0 to 255"),
     ("coffee_rgb16.png", "16 bits")],
)  # fmt: skip
def test_what_was_decided_is_said(name: str, words: str, data: Path) -> None:
    assert words in raster.decode(data / "raw_photos" / name, LIMIT).note


@pytest.mark.parametrize(
    ("name", "same"),
    [("coffee_rgb16.png", "coffee.png"), ("png_named.jpg", "coffee.png"), ("cat.webp", "cat.jpg"),
     ("astronaut_cmyk.jpg", "astronaut_progressive.jpg"), ("camera_grey.jpg", "camera_grey8.png"),
     ("cat_palette.png", "cat.jpg"), ("cat_gps_exif.jpg", "cat.jpg")],
)  # fmt: skip
def test_other_encodings_show_the_same_colours(name: str, same: str, data: Path) -> None:
    shown, wanted = (
        raster.upright_rgb(data / "raw_photos" / path, LIMIT).astype(int) for path in (name, same)
    )
    assert np.abs(shown - wanted).mean() < 8
    assert np.abs(shown.mean((0, 1)) - wanted.mean((0, 1))).max() < 2


def test_transparent_pixels_lie_on_white(file: Path) -> None:
    image = pictures.scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda v: 255 * (v > 127)))
    found = np.asarray(decoded(file, pictures.encoded(image, "PNG")).image)
    assert (found[0] == 255).all()
    assert (found[-1] == np.asarray(image)[-1, :, :3]).all()


def test_an_opaque_alpha_channel_changes_nothing_and_is_not_mentioned(file: Path) -> None:
    found = decoded(file, pictures.encoded(pictures.scene().convert("RGBA"), "PNG"))
    assert found.note == ""
    assert (np.asarray(found.image) == np.asarray(pictures.scene())).all()


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "LA", "PA", "RGB", "RGBA", "CMYK", "I", "I;16", "F"]
)
def test_every_mode_of_a_tiff_gives_eight_bit_colour(mode: str, file: Path) -> None:
    grey = pictures.scene().convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 16)
    elif mode == "PA":
        image = grey.convert("P").convert("PA")
    else:
        image = (pictures.scene() if mode in ("RGB", "RGBA", "CMYK") else grey).convert(mode)
    found = decoded(file, pictures.encoded(image, "TIFF"))
    assert found.image.mode == "RGB" and found.image.size == (60, 40)
    assert np.asarray(found.image).std() > 20


def test_floats_that_are_no_numbers_are_shown_black_and_no_numbers_at_all_are_refused(
    file: Path,
) -> None:
    values = np.linspace(-5, 5, 2400, dtype=np.float32).reshape(40, 60)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    found = decoded(file, pictures.encoded(Image.fromarray(values), "TIFF"))
    assert "no numbers" in found.note and (np.asarray(found.image)[0, :3] == 0).all()
    assert np.asarray(found.image)[-1, -1, 0] == 255
    with pytest.raises(raster.Unreadable, match="no finite values"):
        decoded(file, pictures.encoded(Image.fromarray(values * np.nan), "TIFF"))


def test_one_hot_pixel_does_not_darken_a_high_bit_image(file: Path) -> None:
    values = np.tile(np.arange(60, dtype=np.uint16) * 10, (40, 1))
    values[0, 0] = 65535
    found = decoded(file, pictures.encoded(Image.fromarray(values), "PNG"))
    assert np.asarray(found.image)[:, -1].mean() > 250


def test_a_colour_profile_is_converted_once_and_a_broken_one_ignored(file: Path) -> None:
    plain = pictures.scene()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = decoded(file, pictures.encoded(plain, "PNG", icc_profile=srgb))
    assert (np.asarray(same.image) == np.asarray(plain)).all() and same.note == ""
    for broken in (b"no profile", srgb[:200], b"\0" * (5 << 20)):
        found = decoded(file, pictures.encoded(plain, "PNG", icc_profile=broken))
        assert (np.asarray(found.image) == np.asarray(plain)).all()
        assert "profile" in found.note


@pytest.mark.parametrize("kind", pictures.KINDS)
@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused_or_whole_never_half_grey(
    kind: str, part: float, file: Path
) -> None:
    noise = np.random.default_rng(7).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    content = pictures.encoded(Image.fromarray(noise), kind)
    whole = np.asarray(decoded(file, content).image)
    try:
        found = decoded(file, content[: max(1, int(len(content) * part))])
    except raster.Unreadable:
        return
    assert (np.asarray(found.image) == whole).all()


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_the_last_byte_missing_does_no_harm(kind: str, file: Path) -> None:
    content = pictures.encoded(pictures.scene(), kind)
    whole = np.asarray(decoded(file, content).image)
    try:
        found = decoded(file, content[:-1])
    except raster.Unreadable:
        return
    assert (np.asarray(found.image) == whole).all()


@pytest.mark.parametrize(
    ("width", "height"),
    [(50_000, 50_000), (65_535, 65_535), (0, 10), (10, 0), (2**31 - 1, 2**31 - 1)],
)
def test_the_size_is_refused_by_the_header_alone(width: int, height: int, file: Path) -> None:
    file.write_bytes(pictures.png_of(width, height, rows=0) if width < 10**6 else _huge_png())
    with pytest.raises(raster.Unreadable):
        raster.header(file, LIMIT)


def _huge_png() -> bytes:
    start = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + pictures.png_chunk(b"IHDR", start)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 30_000), (30_000, 1)])
def test_very_thin_pictures_are_pictures(width: int, height: int, file: Path) -> None:
    found = decoded(file, pictures.png_of(width, height))
    assert found.image.size == (width, height)
