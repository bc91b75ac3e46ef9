"""Real processes for the queue's suites: a web side, workers that can be killed, a broker's
corner of its own, and a database of its own. Everything is removed afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).resolve().parents[2]
LEASE = 2  # seconds; short, so that a dead worker's run is soon taken over


class Rig:
    """A web process and any number of workers on one broker and one database."""

    def __init__(self, folder: Path, environment: dict[str, str], forget: Callable[[], None]):
        self.folder = folder
        self.forget_broker = forget  # makes the broker lose all it holds
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "samweb.config.settings",
            "SAMWEB_DATA_DIR": str(folder),
            "SAMWEB_RUN_LEASE": str(LEASE),
            "REDIS_URL": "",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self.web = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.web"], cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log("web"),
        )  # fmt: skip
        assert self._answer() == "ready"

    def _log(self, name: str) -> Any:
        return (self.folder / f"{name}.log").open("ab")

    def _answer(self) -> Any:
        assert self.web.stdout
        line = self.web.stdout.readline()
        assert line, (self.folder / "web.log").read_text()
        return json.loads(line)

    def ask(self, do: str, **arguments: Any) -> Any:
        """One request to the web side."""
        assert self.web.stdin
        self.web.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.web.stdin.flush()
        return self._answer()

    def start_worker(self) -> subprocess.Popen[bytes]:
        """One more worker, in a process group of its own; returns when it is seen alive."""
        log = self._log("worker")
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.workers.app", "worker", "-l", "INFO"],
            cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        self.workers.append(worker)

        def seen() -> bool:
            if worker.poll() == -signal.SIGKILL:
                return True  # by the run that it took up at once
            if worker.poll() is not None:
                pytest.fail(f"the worker ended:\n{self.words()[-3000:]}")
            return any(name.endswith(f":{worker.pid}") for name in self.ask("workers"))

        self.until(seen, "the worker to be seen")
        return worker

    def ensure_worker(self) -> subprocess.Popen[bytes]:
        """A living worker, started if there is none."""
        alive = [worker for worker in self.workers if worker.poll() is None]
        return alive[0] if alive else self.start_worker()

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """kill -9 of a worker's whole process group."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)

    def freeze(self, worker: subprocess.Popen[bytes]) -> None:
        """Stop a worker's processes, but not while they hold a lock on a SQLite file: that
        would stop everybody."""

        def frozen() -> bool:
            os.killpg(worker.pid, signal.SIGSTOP)
            if self.ask("writable"):
                return True
            os.killpg(worker.pid, signal.SIGCONT)
            return False

        self.until(frozen, "the worker to be frozen")

    def stop_workers(self) -> None:
        """End every worker, cleanly where possible."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.terminate()
        for worker in self.workers:
            try:
                worker.wait(15)
            except subprocess.TimeoutExpired:
                self.kill(worker)
        self.workers.clear()

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 40) -> Any:
        """Poll until something is true; fails at the deadline, with the workers' last words."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s for {what}\n{self.words()[-3000:]}")

    def words(self) -> str:
        """What the workers have logged."""
        log = self.folder / "worker.log"
        return log.read_text() if log.exists() else ""

    def states(self, ids: list[str]) -> list[str]:
        return [run["state"] for run in self.ask("runs", ids=ids)]

    def all_done(self, ids: list[str], seconds: float = 60) -> None:
        self.until(lambda: set(self.states(ids)) == {"done"}, "all runs to be done", seconds)

    def notes(self, what: str) -> list[str]:
        """The ids of the runs to which this happened, in order, once per time."""
        path = self.folder / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split()[1] for line in lines if line.split()[0] == what]

    def open_gate(self, name: str) -> None:
        (self.folder / name).touch()

    def close(self) -> None:
        self.stop_workers()
        if self.web.stdin:
            self.web.stdin.close()
        try:
            self.web.wait(15)
        except subprocess.TimeoutExpired:
            self.web.kill()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new, empty database; dropped afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'samweb.sqlite3'}"
        return
    server = postgres.server_url()
    if server is None:
        pytest.skip("no PostgreSQL answers: set TEST_DATABASE_URL")
    name = f"samweb_queue_{uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield postgres.with_database(server, name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


Corner = tuple[dict[str, str], Callable[[], None]]


@contextmanager
def broker(kind: str, folder: Path) -> Iterator[Corner]:
    """The environment that leads to a broker's corner of our own, and how to make it forget."""
    prefix = f"samweb-test-{uuid4().hex[:10]}"
    if kind == "embedded":
        yield {"CELERY_BROKER_URL": ""}, lambda: _forget_file(folder / "queue.db")
    elif kind == "redis":
        yield from _redis(prefix)
    else:
        yield from _rabbitmq(prefix)


def _forget_file(path: Path) -> None:
    for name in (path, path.with_name("queue.db-wal"), path.with_name("queue.db-shm")):
        name.unlink(missing_ok=True)


def _redis(prefix: str) -> Iterator[Corner]:
    import redis

    url = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/0"
    client = redis.Redis.from_url(url, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError:
        pytest.skip("no Redis answers: set TEST_REDIS_URL")

    def forget() -> None:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)

    try:
        yield {"CELERY_BROKER_URL": url, "SAMWEB_QUEUE_PREFIX": prefix}, forget
    finally:
        forget()
        client.close()


def _rabbitmq(prefix: str) -> Iterator[Corner]:
    import kombu

    url = os.environ.get("TEST_AMQP_URL") or "amqp://guest:guest@127.0.0.1:5672//"
    try:
        with kombu.Connection(url, connect_timeout=2) as line:
            line.ensure_connection(max_retries=0, timeout=2)
    except (OSError, kombu.exceptions.OperationalError):
        pytest.skip("no RabbitMQ answers: set TEST_AMQP_URL")
    vhost = _vhost(prefix)
    if vhost:
        url = f"{url.split('//', 2)[0]}//{url.split('//', 2)[1].split('/')[0]}/{vhost}"
    queues = [f"{prefix}.{lane}" for lane in ("interactive", "bulk")]

    def each(act: Callable[[Any, str], None]) -> None:
        with kombu.Connection(url) as line:
            for name in queues:
                act(line.channel(), name)

    try:
        yield (
            {"CELERY_BROKER_URL": url, "SAMWEB_QUEUE_PREFIX": prefix},
            lambda: each(lambda channel, name: channel.queue_purge(name)),
        )
    finally:
        each(lambda channel, name: channel.queue_delete(name))
        with kombu.Connection(url) as line:
            line.channel().exchange_delete(prefix)
        if vhost:
            subprocess.run(["rabbitmqctl", "-q", "delete_vhost", vhost], capture_output=True)


def _vhost(name: str) -> str | None:
    """A virtual host of our own where the server's tool lets us make one, else None."""
    if os.environ.get("TEST_AMQP_URL") or not shutil.which("rabbitmqctl"):
        return None
    for command in (
        ["add_vhost", name],
        ["set_permissions", "-p", name, "guest", ".*", ".*", ".*"],
    ):
        try:
            done = subprocess.run(["rabbitmqctl", "-q", *command], capture_output=True, timeout=30)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
    return name


@contextmanager
def rig(folder: Path, *, on: str, keeping: str) -> Iterator[Rig]:
    """A rig on a broker (embedded, redis, rabbitmq) keeping its rows in sqlite or postgresql."""
    folder.mkdir(parents=True, exist_ok=True)
    with broker(on, folder) as (environment, forget), database(keeping, folder) as url:
        made = Rig(folder, {**environment, "DATABASE_URL": url}, forget)
        try:
            yield made
        finally:
            made.close()
