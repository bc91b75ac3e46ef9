"""Files by the hash of their bytes, and the temporary folder they pass through."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from samweb.core.files import BlobStore


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "files", tmp_path / "tmp")


def test_the_same_bytes_are_stored_once_under_their_hash(blobs: BlobStore) -> None:
    first, again = blobs.put("exports", b"hello"), blobs.put("exports", [b"he", b"llo"])
    assert first == again and first.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert first.bytes == 5 and first.path.read_bytes() == b"hello"
    assert list(blobs.temporary.iterdir()) == []


def test_a_failure_in_the_middle_leaves_nothing(blobs: BlobStore) -> None:
    def chunks() -> object:
        yield b"half"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        blobs.put("exports", chunks())  # type: ignore[arg-type]
    assert [path for path in blobs.root.parent.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("sha", ["", "../x", "A" * 64, "0" * 63, "0" * 64 + "/x", "\u0660" * 64])
def test_what_is_no_hash_is_no_path(sha: str, blobs: BlobStore) -> None:
    with pytest.raises(ValueError, match="not a blob"):
        blobs.path("exports", sha)
    with pytest.raises(ValueError, match="not a blob"):
        blobs.path("../exports", "0" * 64)


def test_leftovers_of_killed_processes_are_swept_and_fresh_ones_stay(blobs: BlobStore) -> None:
    (blobs.temporary / "upload-old").mkdir(parents=True)
    (blobs.temporary / "upload-old" / "original").write_bytes(b"x")
    (blobs.temporary / "put-old").write_bytes(b"x")
    for name in ("upload-old", "put-old"):
        os.utime(blobs.temporary / name, (0, 0))
    (blobs.temporary / "put-new").write_bytes(b"x")
    assert blobs.sweep() == 2
    assert [path.name for path in blobs.temporary.iterdir()] == ["put-new"]
