"""A Redis of our own is killed and comes back empty: no run is lost, and saves stay quick."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.rig import Rig

pytestmark = [pytest.mark.service, pytest.mark.slow]


class Server:
    """A redis-server on a free port, keeping nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server to start")
    made = Server(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Iterator[Rig]:
    folder = tmp_path / "data"
    folder.mkdir()
    environment = {
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{server.port}/0",
        "DATABASE_URL": f"sqlite:///{folder / 'samweb.sqlite3'}",
    }
    made = Rig(folder, environment, lambda: None)
    yield made
    made.close()


def test_runs_survive_a_broker_that_is_killed_and_comes_back_empty(
    place: Rig, server: Server
) -> None:
    place.start_worker()
    before = place.ask("enqueue", kind="quick", count=5)
    place.all_done(before)
    for outage in range(3):
        server.kill()
        asked = time.monotonic()
        during = place.ask("enqueue", kind="quick", count=20)
        assert time.monotonic() - asked < 10, "a dead broker must not hold up a save"
        server.start()
        place.all_done(during, seconds=60)
        assert all(place.notes("did").count(id) == 1 for id in during), outage
