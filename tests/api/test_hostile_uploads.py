"""Uploads that mean harm: one precise sentence, no 5xx, nothing outside the data folder."""

from __future__ import annotations

import dataclasses
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin
from rest_framework.test import APIClient

from samweb.projects.models import Image
from tests import cast, pictures
from tests.pictures import encoded, named, png_chunk, png_of, scene

pytestmark = pytest.mark.django_db
As = Callable[[cast.User], APIClient]
GOOD = encoded(scene(), "PNG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
LONG_TEXT = b"k\0\0" + zlib.compress(b"x" * (100 << 20))
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n/Courier findfont\n"


@pytest.fixture
def send(ada: cast.User, orchard: cast.Project, data_dir: Path, as_user: As) -> Any:
    """Upload files as the owner: `send(file, ..., path=[...])`; returns the answer."""
    client = as_user(ada)

    def send(*files: Any, **fields: Any) -> Any:
        return client.post(
            f"/api/v1/projects/{orchard.id}/uploads", {"file": list(files), **fields},
            format="multipart",
        )  # fmt: skip

    return send


def row_of(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    (row,) = answer.json()["results"]
    return dict(row)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("flood.png", png_of(50_000, 50_000, rows=1), "too_many_pixels"),
        ("wide.png", png_of(65_535, 65_535, rows=0), "too_many_pixels"),
        ("zero.png", png_of(0, 0, rows=0), None),
        ("empty.jpg", b"", "empty"), ("one.jpg", b"\xff", "not_an_image"),
        ("x.svg", SVG, "not_an_image"), ("x.png", SVG, "not_an_image"),
        ("x.html", b"<html><script>alert(1)</script>", "not_an_image"),
        ("x.xml", XXE, "not_an_image"), ("x.png", EPS, "not_an_image"),
        ("x.psd", b"8BPS\0\1" + b"\0" * 60, "not_an_image"),
        ("x.fits", b"SIMPLE  =                    T" + b" " * 2850, "not_an_image"),
        ("x.pdf", b"%PDF-1.4\n" + GOOD, "not_an_image"),
        ("x.mvg", b"push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\n", None),
        ("x.gif", b"GIF89a" + b"\xff" * 400, None), ("x.bmp", b"BM" + b"\xff" * 60, None),
        ("x.tif", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 200, None),
        ("x.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\xff" * 40, None),
        ("x.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 40, None),
        ("text.png", png_of(3, 2, extra=png_chunk(b"zTXt", LONG_TEXT)), None),
    ],
    ids=lambda value: str(value)[:16],
)  # fmt: skip
def test_what_is_no_picture_is_refused_by_name_in_one_sentence(
    name: str, content: bytes, code: str | None, send: Any
) -> None:
    row = row_of(send(named(name, content)))
    assert row["status"] == "refused"
    assert row["message"].startswith(f"{name} ") and row["message"].endswith(".")
    assert code is None or row["code"] == code
    assert Image.objects.count() == 0


def test_a_bad_file_does_not_stop_the_others_and_rows_come_in_order(send: Any) -> None:
    answer = send(named("a.png", GOOD), named("b.png", b"no"), named("c.png", GOOD))
    rows = answer.json()["results"]
    assert [(row["name"], row["status"]) for row in rows] == [
        ("a.png", "created"), ("b.png", "refused"), ("c.png", "created"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        encoded(scene(), "JPEG") + b"<script>alert('canary')</script>",
        encoded(scene(), "JPEG", comment=b"<script>alert('canary')</script>"),
        encoded(scene(), "GIF") + b"/*canary*/", GOOD + b"PK\x03\x04canary",
        encoded(scene(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0canary"),
        encoded(scene(), "TIFF", description="canary"), encoded(scene(), "WEBP", xmp=b"canary"),
    ],
    ids=["jpeg+html", "comment", "gif+js", "png+zip", "exif", "tiff", "xmp"],
)  # fmt: skip
def test_what_else_a_file_carries_is_gone_from_all_that_is_served(
    content: bytes, send: Any, as_user: As, ada: cast.User
) -> None:
    image = row_of(send(named("x.png", content)))["image"]
    for url in (image["pixels_url"], image["thumbnail_url"]):
        answer = as_user(ada).get(url)
        assert b"canary" not in b"".join(answer.streaming_content)
        assert answer["Content-Type"] in ("image/png", "image/jpeg")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]


def test_the_stated_type_of_a_part_means_nothing(send: Any, as_user: As, ada: cast.User) -> None:
    file = named("page.html", GOOD)
    file.content_type = "text/html"  # type: ignore[attr-defined]
    image = row_of(send(file))["image"]
    assert image["format"] == "PNG"
    assert as_user(ada).get(image["pixels_url"])["Content-Type"] == "image/png"


def test_position_and_all_other_metadata_of_a_real_photograph_are_gone(
    send: Any, data: Path, as_user: As, ada: cast.User
) -> None:
    with (data / "raw_photos" / "cat_gps_exif.jpg").open("rb") as file:
        assert Pillow.open(file).getexif().get_ifd(0x8825)
        file.seek(0)
        image = row_of(send(file))["image"]
    assert (image["metadata"], image["attributes"], image["note"]) == ({}, {}, "")
    for url in (image["pixels_url"], image["thumbnail_url"]):
        content = b"".join(as_user(ada).get(url).streaming_content)
        assert not Pillow.open(io.BytesIO(content)).getexif() and b"Exif" not in content


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("../../x.png", "", "x.png"), ("..\\..\\x.png", "", "x.png"),
        ("/etc/x.png", "etc", "x.png"), ("a:b.png", "", "a:b.png"),
        ("C:\\a\\x.png", "a", "x.png"), ("a//b/./x.png", "a/b", "x.png"), ("CON", "", "CON"),
        ("-rf", "", "-rf"), ("x.png. ", "", "x.png."), ("a\r\nSet-Cookie: x.png", "",
        "aSet-Cookie: x.png"), ("\u202egnp.x", "", "gnp.x"), ("e\u0301.png", "", "\u00e9.png"),
        ("🍎.png", "", "🍎.png"), ("<img onerror=x>.png", "", "<img onerror=x>.png"),
        ("../..", "", "unnamed"), ("x" * 700 + ".png", "", "x" * 496 + ".png"),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_names_are_text_to_show_and_never_paths(
    path: str, folder: str, name: str, send: Any, data_dir: Path
) -> None:
    row = row_of(send(named("plain.png", GOOD), path=[path]))
    assert (row["image"]["folder"], row["image"]["name"]) == (folder, name)
    stored = [file for file in data_dir.rglob("*") if file.is_file()]
    assert {file.parent.parent.name for file in stored} == {"originals", "display", "thumbs"}
    assert all(len(file.name) == 64 for file in stored)


@pytest.mark.parametrize("path", ["a\x00.png"])
def test_names_that_no_database_holds_are_refused(path: str, send: Any) -> None:
    assert send(named("x.png", GOOD), path=[path]).status_code == 400


def test_the_same_file_under_the_same_name_is_a_duplicate_and_not_stored_twice(
    send: Any, data_dir: Path
) -> None:
    first = row_of(send(named("a.png", GOOD)))
    again = row_of(send(named("a.png", GOOD)))
    other = row_of(send(named("a.png", GOOD), folder="second"))
    assert (again["status"], again["image"]["id"]) == ("duplicate", first["image"]["id"])
    assert other["status"] == "created" and other["image"]["folder"] == "second"
    assert len([f for f in (data_dir / "files" / "originals").rglob("*") if f.is_file()]) == 1
    assert list((data_dir / "tmp").iterdir()) == []


def test_folders_come_with_a_path_for_each_file(send: Any) -> None:
    rows = send(
        named("a.png", GOOD), named("b.png", GOOD), path=["day/a.png", "day/late/b.png"],
        folder="trip",
    ).json()["results"]  # fmt: skip
    assert [row["image"]["folder"] for row in rows] == ["trip/day", "trip/day/late"]
    wrong = send(named("a.png", GOOD), named("b.png", GOOD), path=["one"])
    assert (wrong.status_code, wrong.json()["code"]) == (400, "paths_do_not_match")


def test_requests_that_are_no_uploads_are_refused(
    send: Any, ada: cast.User, orchard: cast.Project, as_user: As
) -> None:
    client, url = as_user(ada), f"/api/v1/projects/{orchard.id}/uploads"
    assert send().json()["code"] == "no_file"
    assert send(named("a.png", GOOD), owner="me").json()["code"] == "unknown_field"
    kind = "multipart/form-data; boundary=x"
    assert client.post(url, {"file": "x"}, format="json").status_code == 415
    for body, content_type, wanted in [
        (b"", kind, 400), (b"--x\r\n", kind, 400), (b"garbage", kind, 400),
        (b"--x--\r\n", kind, 400), (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=" + "\u00e9" * 80, 400), (b"x", "text/plain", 415),
    ]:  # fmt: skip
        answer = client.generic("POST", url, body, content_type=content_type)
        assert answer.status_code == wanted, (body, content_type, answer.content)
        assert answer["Content-Type"] == "application/problem+json"


def test_a_request_of_too_many_parts_is_refused(send: Any) -> None:
    answer = send(*(named("a.png", b"x") for _ in range(501)))
    assert answer.status_code == 413
    fields = {f"field{n}": "x" for n in range(1100)}
    assert send(named("a.png", GOOD), **fields).status_code == 413


def test_a_file_larger_than_allowed_is_refused(send: Any, settings: Any) -> None:
    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, max_upload_bytes=3000)
    answer = send(named("big.png", GOOD + b"x" * 3000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_smaller_limit_of_pixels_is_honoured(send: Any, settings: Any) -> None:
    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, max_pixels=2399)
    assert row_of(send(named("a.png", GOOD)))["code"] == "too_many_pixels"
    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, max_pixels=2400)
    assert row_of(send(named("a.png", GOOD)))["status"] == "created"


def test_a_million_small_texts_in_a_picture_are_bounded(send: Any) -> None:
    texts = png_chunk(b"tEXt", b"k\0v") * 30_000
    assert row_of(send(named("t.png", png_of(3, 2, extra=texts))))["status"] in (
        "created", "refused",
    )  # fmt: skip


def test_an_animation_of_many_frames_gives_its_first(send: Any) -> None:
    frames = [Pillow.new("L", (8, 8), n % 256) for n in range(300)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert "first of 300 frames" in row_of(send(named("a.gif", content)))["note"]


def test_a_page_list_that_bites_its_own_tail_ends(send: Any) -> None:
    content = bytearray(encoded(scene(), "TIFF"))
    start = int.from_bytes(content[4:8], "little")
    count = int.from_bytes(content[start : start + 2], "little")
    content[start + 2 + 12 * count : start + 6 + 12 * count] = start.to_bytes(4, "little")
    assert row_of(send(named("loop.tif", bytes(content))))["status"] == "created"


def test_noise_under_every_start_of_a_file_never_breaks_the_server(send: Any) -> None:
    random = np.random.default_rng(3)
    files = []
    for kind in pictures.KINDS:
        content = bytearray(encoded(scene(), kind))
        for _ in range(12):
            at = random.integers(12, len(content), 20)
            content[int(at[0])] ^= 0xFF
            files.append(named(f"{kind}{len(files)}", bytes(content)))
    rows = send(*files).json()["results"]
    assert len(rows) == len(files)
    assert {row["status"] for row in rows} <= {"created", "refused", "duplicate"}


def test_png_metadata_of_a_person_is_not_kept(send: Any, as_user: As, ada: cast.User) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "canary")
    image = row_of(send(named("a.png", encoded(scene(), "PNG", pnginfo=info))))["image"]
    assert b"canary" not in b"".join(as_user(ada).get(image["pixels_url"]).streaming_content)
    assert "canary" not in str(image)
