"""The real web server as a process that can be killed and started again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """uvicorn with its own data folder and port; starts again by itself whenever it dies."""

    def __init__(self, data_dir: Path, database_url: str) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.kill.settings",
            "SAMWEB_DATA_DIR": str(data_dir),
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
        }
        self.environment.pop("SAMWEB_URL", None)
        self.log = (data_dir / "server.log").open("ab")
        self.deaths = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.closing = threading.Event()
        self.watch = threading.Thread(target=self._keep_running, daemon=True)

    def run(self, *arguments: str) -> str:
        """Run a Python module or manage.py with the server's environment; returns its output."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, timeout=120,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
        return done.stdout

    def start(self) -> None:
        self.watch.start()
        self.wait_until_up()

    def _keep_running(self) -> None:
        while not self.closing.is_set():
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "uvicorn", "samweb.config.asgi:application",
                    "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning",
                ],
                cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log,
            )  # fmt: skip
            code = self.process.wait()
            if code == -signal.SIGKILL and not self.closing.is_set():
                self.deaths += 1
            assert code in (-signal.SIGKILL, -signal.SIGTERM, 0), f"the server ended with {code}"

    def kill(self) -> None:
        """kill -9, if it is running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def close(self) -> None:
        self.closing.set()
        self.kill()
        self.watch.join(20)
        self.log.close()

    def wait_until_up(self, seconds: float = 120) -> None:
        """Return when the server answers; it may be in the middle of a start."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if self.request("GET", "/healthz", timeout=5)[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)  # between two tries of a poll
            except http.client.HTTPException:
                continue
        raise AssertionError("the server did not come up")

    def request(
        self, method: str, path: str, body: Any = None, *, timeout: float = 10, **headers: str
    ) -> tuple[int, Any]:
        """One request on a connection of its own. Raises OSError or HTTPException."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = json.dumps(body) if body is not None else None
            connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            text = answer.read()
            if "json" not in (answer.getheader("Content-Type") or ""):
                return answer.status, text
            return answer.status, json.loads(text)
        finally:
            connection.close()
