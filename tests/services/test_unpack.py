"""Zip archives: entry by entry, the bad ones named, the bombs refused, nothing written outside."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from samweb.core.models import Run
from samweb.core.runs import Cancelled, Refused, claim, finish
from samweb.projects.models import Image, Membership
from samweb.projects.services import unpack, zip_unpack
from tests import cast, pictures

pytestmark = pytest.mark.django_db
GOOD = pictures.encoded(pictures.scene(), "PNG")
As = Callable[[cast.User], APIClient]


def archive(path: Path, *entries: tuple[Any, bytes], packed: bool = False) -> Path:
    """A zip at `path` of (name or ZipInfo, content)."""
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


@pytest.fixture
def add(ada: cast.User, orchard: cast.Project, data_dir: Path) -> Any:
    """Unpack an archive into Orchard: `add(path)` -> result."""
    return lambda path, **more: unpack.archive_add(
        project=orchard, actor=ada, path=path, on_progress=lambda *_: None,
        **{"checkpoint": lambda: None, **more},
    )  # fmt: skip


@pytest.fixture
def zip_path(tmp_path: Path) -> Path:
    return tmp_path / "archive.zip"


def refused(result: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["code"] for row in result["results"]}


def test_pictures_keep_their_folders_and_litter_is_passed_over(add: Any, zip_path: Path) -> None:
    archive(
        zip_path, ("a.png", GOOD), ("day/b.png", GOOD), ("day/", b""), ("readme.txt", b"hello"),
        ("__MACOSX/day/._b.png", b"x"), (".DS_Store", b"x"), ("day/Thumbs.db", b"x"),
    )  # fmt: skip
    result = add(zip_path, folder="trip")
    assert {k: result[k] for k in ("created", "duplicate", "refused")} == {
        "created": 2, "duplicate": 0, "refused": 1,
    }  # fmt: skip
    assert refused(result) == {"readme.txt": "not_an_image"}
    assert set(Image.objects.values_list("folder", "name")) == {
        ("trip", "a.png"), ("trip/day", "b.png"),
    }  # fmt: skip


def test_unpacking_twice_doubles_nothing(add: Any, zip_path: Path) -> None:
    archive(zip_path, ("a.png", GOOD), ("b/a.png", GOOD))
    assert add(zip_path)["created"] == 2
    assert add(zip_path)["duplicate"] == 2
    assert Image.objects.count() == 2


@pytest.mark.parametrize(
    "name", ["../a.png", "/etc/a.png", "x/../../a.png", "..\\a.png", "C:\\a.png", "C:/a.png"]
)
def test_a_path_that_leads_out_is_refused_and_named(
    name: str, add: Any, zip_path: Path, data_dir: Path
) -> None:
    archive(zip_path, (name, GOOD), ("good.png", GOOD))
    before = {path for path in zip_path.parent.rglob("*") if "files" not in path.parts}
    result = add(zip_path)
    assert (result["created"], list(refused(result).values())) == (1, ["unsafe_path"])
    assert {path for path in zip_path.parent.rglob("*") if "files" not in path.parts} == before


def test_links_and_devices_are_refused(add: Any, zip_path: Path) -> None:
    link, device = zipfile.ZipInfo("link.png"), zipfile.ZipInfo("device.png")
    link.external_attr, device.external_attr = 0o120777 << 16, 0o020666 << 16
    archive(zip_path, (link, b"/etc/passwd"), (device, b""), ("good.png", GOOD))
    result = add(zip_path)
    assert result["created"] == 1
    assert refused(result) == {"link.png": "not_a_file", "device.png": "not_a_file"}


def test_encrypted_entries_are_refused(add: Any, zip_path: Path) -> None:
    content = archive(zip_path, ("a.png", GOOD)).read_bytes()
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(start) + offset
        content = content[:at] + b"\x01\x00" + content[at + 2 :]
    zip_path.write_bytes(content)
    assert refused(add(zip_path)) == {"a.png": "encrypted"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_reported_and_the_first_one_taken(add: Any, zip_path: Path) -> None:
    other = pictures.encoded(pictures.scene(seed=9), "PNG")
    archive(zip_path, ("a.png", GOOD), ("a.png", other), ("A.png", other))
    result = add(zip_path)
    assert (result["created"], refused(result)) == (2, {"a.png": "twice"})


def test_an_archive_in_an_archive_is_not_opened(add: Any, zip_path: Path, tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", ("a.png", GOOD)).read_bytes()
    archive(zip_path, ("inner.zip", inner), ("inner.png", inner))
    assert set(refused(add(zip_path)).values()) == {"nested_archive"}


def test_an_entry_that_unfolds_too_far_is_refused(add: Any, zip_path: Path) -> None:
    archive(zip_path, ("zeros.bmp", b"\0" * (20 << 20)), ("good.png", GOOD), packed=True)
    result = add(zip_path)
    assert (result["created"], refused(result)) == (1, {"zeros.bmp": "bomb"})


def test_entries_that_lie_over_each_other_are_a_bomb(add: Any, zip_path: Path) -> None:
    content = archive(zip_path, ("a.png", GOOD), ("b.png", GOOD)).read_bytes()
    second = content.rindex(b"PK\x01\x02") + 42  # where the second entry says it begins
    zip_path.write_bytes(content[:second] + struct.pack("<I", 10) + content[second + 4 :])
    with pytest.raises(Refused, match="over each other"):
        add(zip_path)


def test_more_entries_than_allowed_are_refused_before_they_are_listed(
    add: Any, zip_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(zip_path, *((f"{n}.png", b"") for n in range(30)))
    monkeypatch.setattr(unpack, "MOST_ENTRIES", 29)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(Refused, match="more than 29 entries"):
        add(zip_path)


def test_more_bytes_than_allowed_are_refused(
    add: Any, zip_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(zip_path, ("a.png", GOOD))
    monkeypatch.setattr(unpack, "TOTAL_FACTOR", 0)
    with pytest.raises(Refused, match="unfolds to more than"):
        add(zip_path)


@pytest.mark.parametrize("damage", ["cut", "no zip", "crc", "size", "method", "table", "empty"])
def test_a_damaged_archive_is_refused_whole_or_by_entry(
    damage: str, add: Any, zip_path: Path
) -> None:
    content = bytearray(archive(zip_path, ("a.png", GOOD)).read_bytes())
    table = content.index(b"PK\x01\x02")
    if damage == "crc":
        content[60] ^= 0xFF
    elif damage == "size":
        content[table + 24 : table + 28] = struct.pack("<I", len(GOOD) - 50)
    elif damage == "method":
        content[table + 10 : table + 12] = content[8:10] = struct.pack("<H", 99)
    elif damage == "table":
        content[table : table + 4] = b"XXXX"
    zip_path.write_bytes({"cut": content[:-40], "no zip": b"PK\x03\x04" + b"x" * 99,
                          "empty": b""}.get(damage, content))  # fmt: skip
    try:
        result = add(zip_path)
    except Refused as error:
        assert str(error).startswith("The archive is damaged")
    else:
        assert (result["created"], result["refused"]) in ((0, 1), (0, 0))
    assert Image.objects.count() == 0


def test_a_cancelled_unpacking_keeps_what_is_done_and_stops(add: Any, zip_path: Path) -> None:
    archive(zip_path, *((f"{n}.png", GOOD) for n in range(5)))
    calls = iter([None, None, Cancelled()])

    def checkpoint() -> None:
        if error := next(calls):
            raise error

    with pytest.raises(Cancelled):
        add(zip_path, checkpoint=checkpoint)
    assert Image.objects.count() == 2


def test_an_uploaded_zip_is_unpacked_by_a_run_under_the_uploaders_rights(
    orchard: cast.Project, max_: cast.User, as_user: As, data_dir: Path, zip_path: Path
) -> None:
    archive(zip_path, ("day/a.png", GOOD), ("b.txt", b"no"))
    file = pictures.named("photos.zip", zip_path.read_bytes())
    answer = as_user(max_).post(
        f"/api/v1/projects/{orchard.id}/uploads", {"file": file, "folder": "trip"},
        format="multipart",
    )  # fmt: skip
    (row,) = answer.json()["results"]
    assert (row["status"], row["run"]["state"]) == ("unpacking", "queued")
    run = Run.objects.get(pk=row["run"]["id"])
    active = claim(run.pk, "test")
    assert active is not None
    result = zip_unpack(active)
    assert (result["created"], refused(result)) == (1, {"b.txt": "not_an_image"})
    image = Image.objects.get()
    assert (image.folder, image.name, image.created_by) == ("trip/day", "a.png", max_)

    Membership.objects.filter(user=max_).update(role="viewer")
    with pytest.raises(Refused, match="may no longer"):
        zip_unpack(active)
    Membership.objects.filter(user=max_).update(role="manager")
    with pytest.raises(Refused, match="gone"):  # unpacked archives are not kept
        zip_unpack(active)
    active.attempts = 2  # but a second attempt that finds it done is no failure
    assert zip_unpack(active)["created"] == 0


def test_the_same_archive_for_two_folders_is_kept_for_both(
    orchard: cast.Project, ada: cast.User, as_user: As, data_dir: Path, zip_path: Path
) -> None:
    content = archive(zip_path, ("a.png", GOOD)).read_bytes()
    runs = []
    for folder in ("one", "two"):
        answer = as_user(ada).post(
            f"/api/v1/projects/{orchard.id}/uploads",
            {"file": pictures.named("x.zip", content), "folder": folder}, format="multipart",
        )  # fmt: skip
        runs.append(claim(answer.json()["results"][0]["run"]["id"], "test"))
    for run in runs:
        assert run is not None and zip_unpack(run)["created"] == 1
        finish(run)
    assert set(Image.objects.values_list("folder", flat=True)) == {"one", "two"}
    assert not [file for file in (data_dir / "files" / "uploads").rglob("*") if file.is_file()]


def test_a_zip_that_is_named_like_a_picture_is_still_a_zip(
    orchard: cast.Project, ada: cast.User, as_user: As, data_dir: Path, zip_path: Path
) -> None:
    content = archive(zip_path, ("a.png", GOOD)).read_bytes()
    answer = as_user(ada).post(
        f"/api/v1/projects/{orchard.id}/uploads", {"file": pictures.named("x.png", content)},
        format="multipart",
    )  # fmt: skip
    assert answer.json()["results"][0]["status"] == "unpacking"
    assert io.BytesIO(content).read(2) == b"PK"
