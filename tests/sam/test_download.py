"""Downloads over a real line: whole, broken, resumed, redirected, swapped, wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samweb.core.outbound import open_url
from tests.webserver import Server, serving
from workers.sam.checkpoints import download as module
from workers.sam.checkpoints.download import Pins, Wanted, download
from workers.sam.checkpoints.errors import CheckpointError

CONTENT = random.Random(0).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    settings.SAMWEB = dataclasses.replace(settings.SAMWEB, outbound_allow=("127.0.0.1/32",))
    monkeypatch.setattr(module, "PIECE", 10_000)
    with serving() as made:
        made.files["/w/model.pt"] = CONTENT
        yield made


class Fetch:
    """One installation's downloads, and what was shown of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pins = Pins(folder / "pins.json")
        self.shown: list[tuple[int, int | None]] = []
        self.waited: list[float] = []

    def __call__(self, url: str, sha256: str | None = SHA256, size: int | None = None) -> Path:
        return download(
            Wanted(url, sha256, size), self.folder, open_url, self.pins,
            progress=lambda here, total: self.shown.append((here, total)),
            wait=self.waited.append,
        )  # fmt: skip

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path / "downloads")


def test_a_file_comes_whole_and_says_how_far_it_is(server: Server, fetch: Fetch) -> None:
    path = fetch(f"{server.url}/w/model.pt")
    assert path.name == "model.pt" and path.read_bytes() == CONTENT
    assert fetch.left == ["model.pt"]
    assert fetch.shown[0] == (0, 300_000) and fetch.shown[-1] == (300_000, 300_000)
    assert [here for here, _ in fetch.shown] == sorted(here for here, _ in fetch.shown)
    fetch(f"{server.url}/w/model.pt")
    assert len(server.seen) == 1, "what is here and right is not fetched again"


def test_a_broken_line_is_taken_up_where_it_broke(server: Server, fetch: Fetch) -> None:
    server.cuts = [120_000, 50_000]
    assert fetch(f"{server.url}/w/model.pt").read_bytes() == CONTENT
    ranges = [seen.headers["Range"] for seen in server.seen]
    assert ranges == [None, "bytes=120000-", "bytes=170000-"]
    assert all(seen.headers["If-Range"] for seen in server.seen[1:])


def test_a_download_that_ended_goes_on_the_next_time(server: Server, fetch: Fetch) -> None:
    server.cuts = [200_000] + [0] * 6
    with pytest.raises(CheckpointError, match=r"the line broke; 0 MB are kept"):
        fetch(f"{server.url}/w/model.pt")
    assert fetch.left == ["model.pt.partial", "model.pt.partial.json"]
    assert fetch.waited == [0.0, *(2.0 * n for n in range(1, 6))]
    server.seen.clear()
    assert fetch(f"{server.url}/w/model.pt").read_bytes() == CONTENT
    assert server.seen[0].headers["Range"] == "bytes=200000-"


def test_a_file_that_changed_meanwhile_comes_from_its_beginning(
    server: Server, fetch: Fetch
) -> None:
    server.files["/w/model.pt"] = b"older" * 60_000
    server.cuts = [200_000] + [0] * 6
    with pytest.raises(CheckpointError):
        fetch(f"{server.url}/w/model.pt")
    server.files["/w/model.pt"] = CONTENT
    assert fetch(f"{server.url}/w/model.pt").read_bytes() == CONTENT
    assert server.seen[-1].headers["Range"] and len(server.seen) == 8


@pytest.mark.parametrize("manner", ["no ranges", "no tags"])
def test_a_server_that_cannot_resume_sends_all_of_it_again(
    server: Server, fetch: Fetch, manner: str
) -> None:
    server.ranges, server.tags = manner != "no ranges", manner != "no tags"
    server.cuts = [120_000]
    assert fetch(f"{server.url}/w/model.pt").read_bytes() == CONTENT
    assert len(server.seen) == 2


def test_another_file_than_the_published_one_is_refused_and_not_kept(
    server: Server, fetch: Fetch
) -> None:
    server.files["/w/model.pt"] = CONTENT[:-1] + b"x"
    with pytest.raises(CheckpointError, match="does not match its published hash"):
        fetch(f"{server.url}/w/model.pt")
    assert fetch.left == []


def test_a_hash_in_capitals_is_the_same_hash(server: Server, fetch: Fetch) -> None:
    assert fetch(f"{server.url}/w/model.pt", SHA256.upper()).is_file()


def test_halves_that_do_not_belong_together_are_fetched_once_more(
    server: Server, fetch: Fetch
) -> None:
    fetch.folder.mkdir()
    url = f"{server.url}/w/model.pt"
    server.cuts = [100_000] + [0] * 6
    with pytest.raises(CheckpointError):
        fetch(url)
    (fetch.folder / "model.pt.partial").write_bytes(bytes(100_000))  # a disk that lost them
    assert fetch(url).read_bytes() == CONTENT


def test_without_a_published_hash_the_first_download_is_pinned(
    server: Server, fetch: Fetch
) -> None:
    url = f"{server.url}/w/model.pt"
    path = fetch(url, None)
    assert fetch.pins.get(url) == SHA256
    path.unlink()
    server.files["/w/model.pt"] = b"somebody else's"
    with pytest.raises(CheckpointError, match=r"does not match the first download \(pins\.json\)"):
        fetch(url, None)
    assert fetch.left == ["pins.json"]


def test_a_redirect_is_followed_and_the_name_stays(server: Server, fetch: Fetch) -> None:
    server.redirects["/raw/model.pt"] = "/w/model.pt"
    server.cuts = [10_000]
    path = fetch(f"{server.url}/raw/model.pt?download=true")
    assert path.name == "model.pt" and path.read_bytes() == CONTENT


def test_a_size_that_is_not_the_published_one_is_refused_at_once(
    server: Server, fetch: Fetch
) -> None:
    with pytest.raises(CheckpointError, match="has 300000 bytes and not 299999"):
        fetch(f"{server.url}/w/model.pt", SHA256, 299_999)
    assert fetch.shown == []


def test_what_is_not_there_or_not_allowed_is_said(server: Server, fetch: Fetch) -> None:
    with pytest.raises(CheckpointError, match="answers with status 404"):
        fetch(f"{server.url}/w/none.pt")
    with pytest.raises(CheckpointError, match="over https only|not a public address"):
        fetch("http://127.0.0.2/model.pt")


def test_a_whole_partial_file_is_not_asked_for_again(server: Server, fetch: Fetch) -> None:
    """Killed between the last byte and the rename."""
    server.cuts = [200_000] + [0] * 6
    with pytest.raises(CheckpointError):
        fetch(f"{server.url}/w/model.pt")
    (fetch.folder / "model.pt.partial").write_bytes(CONTENT)
    assert fetch(f"{server.url}/w/model.pt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/a/model.pt?x=1", "model.pt"),
        ("https://x/..", "download"),
        ("https://x/a/..%2f..%2fetc", "2f..2fetc"),
        ("https://x/", "x"),
    ],
)
def test_the_file_name_of_an_address_is_a_plain_one(url: str, name: str) -> None:
    assert Wanted(url).file_name == name
