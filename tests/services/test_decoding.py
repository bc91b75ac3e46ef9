"""Decoding in child processes: what a file does to its decoder, it does to nothing else."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from samweb.projects import decoding
from samweb.projects.decode_child import BASE_MEMORY, MEMORY_PER_PIXEL
from samweb.projects.raster import Unreadable
from tests import pictures

LIMIT = 200_000_000


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A pool of this test alone, ended with it."""
    pool = decoding.Pool(size=2)
    monkeypatch.setattr(decoding, "pool", pool)
    yield pool
    for child in pool.idle:
        child.end()


def put(folder: Path, content: bytes) -> Path:
    (folder / "original").write_bytes(content)
    return folder / "original"


def test_a_child_decodes_one_file_after_another(pool: decoding.Pool, tmp_path: Path) -> None:
    source = put(tmp_path, pictures.encoded(pictures.scene(), "PNG"))
    first = decoding.decode(source, tmp_path, LIMIT)
    (child,) = pool.idle
    assert decoding.decode(source, tmp_path, LIMIT) == first
    assert pool.idle == [child]
    assert (first.width, first.height, first.display_type) == (60, 40, "png")
    assert (tmp_path / "display").is_file() and (tmp_path / "thumb").is_file()


def test_a_child_that_was_killed_while_idle_is_replaced(
    pool: decoding.Pool, tmp_path: Path
) -> None:
    source = put(tmp_path, pictures.encoded(pictures.scene(), "PNG"))
    decoding.decode(source, tmp_path, LIMIT)
    pool.idle[0].process.kill()
    pool.idle[0].process.wait()
    assert decoding.decode(source, tmp_path, LIMIT).width == 60


def test_a_crash_of_the_decoder_is_a_refused_file_and_the_next_one_is_decoded(
    pool: decoding.Pool, tmp_path: Path
) -> None:
    source = put(tmp_path, pictures.encoded(pictures.scene(), "PNG"))
    child = decoding.Child()
    child.process.send_signal(signal.SIGSTOP)  # caught at work
    pool.idle.append(child)
    end = threading.Timer(0.3, child.process.send_signal, [signal.SIGKILL])
    end.start()
    with pytest.raises(Unreadable) as refused:
        decoding.decode(source, tmp_path, LIMIT)
    end.join()
    assert refused.value.code == "crashed" and pool.idle == []
    assert decoding.decode(source, tmp_path, LIMIT).width == 60


def test_a_child_that_stays_silent_is_ended(
    pool: decoding.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "PATIENCE", 0.2)
    monkeypatch.setattr(decoding, "SECONDS_PER_MEGAPIXEL", 0.0)
    child = decoding.Child()
    child.process.send_signal(signal.SIGSTOP)
    pool.idle.append(child)
    with pytest.raises(Unreadable, match="too long"):
        decoding.decode(tmp_path / "original", tmp_path, LIMIT)
    assert child.process.returncode is not None


@pytest.mark.slow
def test_a_picture_that_needs_more_time_than_its_size_allows_is_refused(
    pool: decoding.Pool, tmp_path: Path
) -> None:
    """Many scans in one small progressive JPEG: each is a pass over the whole picture."""
    whole = pictures.encoded(pictures.scene(2000, 2000), "JPEG", progressive=True, quality=95)
    end = whole.rindex(b"\xff\xda")  # the last scan, again and again
    source = put(tmp_path, whole[:-2] + whole[end:-2] * 8000 + b"\xff\xd9")
    started = time.monotonic()
    with pytest.raises(Unreadable, match="too long"):
        decoding.decode(source, tmp_path, LIMIT)
    assert time.monotonic() - started < 30


def test_memory_and_time_are_bounded_by_what_the_header_states(
    pool: decoding.Pool, tmp_path: Path
) -> None:
    source = put(tmp_path, pictures.png_of(60_000, 60_000, rows=1))
    with pytest.raises(Unreadable, match="at most 200 megapixels"):
        decoding.decode(source, tmp_path, LIMIT)
    assert decoding.decode(put(tmp_path, pictures.png_of(300, 200)), tmp_path, LIMIT).width == 300
    limits = Path(f"/proc/{pool.idle[0].process.pid}/limits")
    if not limits.exists():
        pytest.skip("needs /proc to look at the limits of another process")
    stated = {line[:26].strip(): line[26:].split()[0] for line in limits.read_text().splitlines()}
    assert int(stated["Max address space"]) == BASE_MEMORY + MEMORY_PER_PIXEL * 300 * 200
    assert int(stated["Max cpu time"]) < 20
