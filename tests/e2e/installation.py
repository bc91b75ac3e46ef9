"""A whole installation on a free port, started as a person starts it, and the browser to use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "an orchard in the rain"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium_path() -> str | None:
    for name in ("chromium", "google-chrome", "chromium-browser"):
        if path := shutil.which(name):
            return path
    return None


class Installation:
    """`python -m samweb.config.launch` with its own data folder; stops with everything it began."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "samweb.config.settings",
            "SAMWEB_DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "SAMWEB_URL": self.url,
            "SAMWEB_ADMIN_USERNAME": "ada",
            "SAMWEB_ADMIN_PASSWORD": PASSWORD,
            "DATABASE_URL": "",
            "CELERY_BROKER_URL": "",
            "REDIS_URL": "",
            **environment,
        }
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, seconds: float = 120) -> Installation:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "samweb.config.launch"], cwd=ROOT, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for(lambda: "Ctrl-C stops it" in self.output, seconds, "the server to start")
        return self

    def _read(self) -> None:
        assert self.process and self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def sign_in_link(self) -> str:
        found = re.search(r"http://\S+/sign-in/\S+", self.output)
        assert found, self.output
        return found[0]

    def wait_for(self, condition: Callable[[], Any], seconds: float, what: str) -> Any:
        """Poll until the condition holds; a deadline, not a guess at how long things take."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            if self.process and self.process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.output}")
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds:.0f} s for {what}:\n{self.output[-4000:]}")

    def manage(self, *arguments: str) -> str:
        """Run a management command of this installation; returns what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment,
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)


class Script:
    """An ML engineer's script: REST with a token, by the standard library alone."""

    def __init__(self, installation: Installation, username: str = "ada") -> None:
        self.url = installation.url
        self.token = installation.manage("token", username).split()[-1]

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call the API; JSON in, JSON (or bytes) out. Raises urllib's HTTPError."""
        raw = (
            body
            if isinstance(body, bytes)
            else json.dumps(body).encode()
            if body is not None
            else None
        )
        if raw is not None and not isinstance(body, bytes):
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(
            self.url + path, data=raw, method=method,
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
            return json.loads(content) if "json" in answer.headers["Content-Type"] else content

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.request("POST", path, {} if body is None else body, **headers)

    def upload(self, project: str, *files: Path) -> list[dict[str, Any]]:
        """Upload files; the per-file results."""
        boundary = "samweb-test-boundary"
        parts = []
        for file in files:
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
            )
            parts.append(head.encode() + file.read_bytes() + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        answer = self.request(
            "POST", f"/api/v1/projects/{project}/uploads", body,
            **{"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )  # fmt: skip
        return list(answer["results"])
