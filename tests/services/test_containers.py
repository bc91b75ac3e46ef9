"""The images and the compose file, where no engine runs: read, and their commands started."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
import yaml
from psycopg import sql

from tests.postgres import server_url, with_database

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
REDIS_URL = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/0"
BUNDLE = next((ROOT / "workers" / "bundles").glob("*/encoder.onnx"), None)


def command_of(image: str) -> list[str]:
    """The CMD of an image."""
    text = (DOCKER / f"{image}.Dockerfile").read_text()
    return list(json.loads(re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)[-1]))


def test_the_compose_file_has_the_four_services_and_checks_their_health() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"web", "worker", "db", "redis"}
    for name in ("db", "redis"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    for name in ("web", "worker"):
        service = services[name]
        assert (DOCKER / service["build"]["context"]).resolve() == ROOT
        dockerfile = (ROOT / service["build"]["dockerfile"]).read_text()
        assert "\nUSER samweb\n" in dockerfile and "\nHEALTHCHECK " in dockerfile
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    mounted = {v.split(":")[0] for s in services.values() for v in s.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])


@pytest.mark.parametrize("image", ["web", "worker"])
def test_everything_an_image_copies_is_there(image: str) -> None:
    text = (DOCKER / f"{image}.Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
    sources = [source for line in copied for source in line.split()[:-1]]
    assert sources and all((ROOT / source).exists() for source in sources)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not [s for s in sources if s.strip("/").split("/")[0] in ignored]


def test_the_web_image_carries_no_model_code() -> None:
    text = (DOCKER / "web.Dockerfile").read_text()
    assert "COPY workers" not in text and "requirements.py onnxruntime" in text
    listed = subprocess.run(
        [sys.executable, "docker/requirements.py", "onnxruntime"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "django>=" in listed and "onnxruntime" not in listed


def test_every_variable_of_the_compose_file_is_one_that_samweb_reads() -> None:
    read = (ROOT / "samweb" / "config" / "env.py").read_text()
    for name in COMPOSE["services"]["web"]["environment"]:
        assert f'"{name}"' in read or name == "SAMWEB_DEMO", name


class Team:
    """Web and worker as the images start them, on PostgreSQL and Redis."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.url = f"http://127.0.0.1:{environment['PORT']}"
        self.token = ""
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, image: str) -> None:
        log = (self.folder / f"{image}.log").open("wb")
        process = subprocess.Popen(
            command_of(image), cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)

    def stop(self) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes:
                if process.poll() is None:
                    os.killpg(process.pid, how)
                    try:
                        process.wait(timeout=15)
                    except subprocess.TimeoutExpired:
                        continue

    def fetch(self, path: str, body: Any = None) -> bytes:
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def until(self, wanted: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        """Ask again until the answer is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for process in self.processes:
                if process.poll() is not None:
                    pytest.fail(f"a process ended: {self.logs()}")
            try:
                if found := wanted():
                    return found
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.2)
        pytest.fail(f"{what} did not come: {self.logs()}")

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    server = server_url()
    if server is None:
        pytest.skip("PostgreSQL does not answer; set TEST_DATABASE_URL")
    try:
        broker = redis.Redis.from_url(REDIS_URL)
        broker.ping()
    except redis.RedisError:
        pytest.skip("Redis does not answer; set TEST_REDIS_URL")
    if BUNDLE is None:
        pytest.skip("there is no bundle in workers/bundles")
    name = f"samweb_team_{uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SAMWEB_", "DJANGO_"))}
    environment = kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SAMWEB_DATA_DIR": str(tmp_path / "data"), "HOST": "127.0.0.1", "PORT": str(port),
        "SAMWEB_DEMO": "1", "DATABASE_URL": with_database(server, name),
        "CELERY_BROKER_URL": REDIS_URL, "REDIS_URL": REDIS_URL, "SAMWEB_QUEUE_PREFIX": name,
    }  # fmt: skip
    team = Team(tmp_path, environment)
    yield team
    team.stop()
    for key in broker.scan_iter(f"*{name}*"):
        broker.delete(key)
    with psycopg.connect(server, autocommit=True) as connection:
        drop = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
        connection.execute(sql.SQL(drop).format(sql.Identifier(name)))


@pytest.mark.service
def test_the_commands_of_the_images_serve_embed_and_export(team: Team) -> None:
    team.start("web")
    team.until(lambda: team.fetch("/readyz"), "the web process", 180)
    team.token = subprocess.run(
        [sys.executable, "manage.py", "token", "admin"], cwd=ROOT, env=team.environment,
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    team.start("worker")
    (project,) = json.loads(team.fetch("/api/v1/projects"))["results"]
    assert project["name"] == "Demo"
    home = f"/api/v1/projects/{project['id']}"

    def embedded() -> Any:
        images = json.loads(team.fetch(f"{home}/images"))["results"]
        return [i["embedding"] for i in images if i["embedding"]["state"] == "ready"]

    embedding = team.until(embedded, "the first embedding", 180)[0]
    assert len(team.fetch(embedding["url"])) > 10_000
    wanted = {"format": "coco", "include": "accepted"}
    export = json.loads(team.fetch(f"{home}/exports", wanted))

    def done() -> Any:
        row = json.loads(team.fetch(f"/api/v1/exports/{export['id']}"))
        assert row["state"] in {"queued", "running", "done"}, row
        return row if row["state"] == "done" else None

    row = team.until(done, "the export")
    archive = zipfile.ZipFile(io.BytesIO(team.fetch(row["url"])))
    assert len(json.loads(archive.read("instances.json"))["annotations"]) == 4
    health = subprocess.run(
        [sys.executable, "docker/worker_health.py"], cwd=ROOT, env=team.environment, check=False
    )
    assert health.returncode == 0
