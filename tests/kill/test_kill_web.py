"""kill -9 of web during scripted editing, some between COMMIT and answer (invariants I1-I4)."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests import postgres
from tests.kill import outside
from tests.kill.editor import Editor
from tests.kill.server import Server

SHORT, LONG = 6, 30
KINDS = ("answer", "statement", "outside")  # in turn: where the next death comes from


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """ "" for SQLite in the data folder, else a PostgreSQL database of this test alone."""
    if request.param == "sqlite":
        yield ""
        return
    server = postgres.server_url()
    if server is None:
        pytest.skip("no PostgreSQL answers: set TEST_DATABASE_URL")
    name = f"samweb_kill_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.with_database(server, "postgres"), autocommit=True) as admin:
        admin.execute(f'create database "{name}"')
        try:
            yield postgres.with_database(server, name)
        finally:
            admin.execute(f'drop database "{name}" with (force)')


@pytest.mark.parametrize(
    "kills",
    [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.slow)],
)
def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(
    kills: int, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("SAMWEB_KILL_SEED", "20260131"))
    server = Server(tmp_path, database_url)
    try:
        world = json.loads(server.run("-m", "tests.kill.seed").splitlines()[-1])
        server.start()
        editors = edit_through(server, world, kills, seed)
        server.wait_until_up()
        outside.judge(outside.read(database_url, tmp_path), editors)
        assert "rows equal the replay" in server.run("manage.py", "verify_journal")
    finally:
        server.close()
    with capsys.disabled():
        done = sum(len(editor.acknowledged) for editor in editors)
        again = sum(editor.duplicates for editor in editors)
        where = "postgresql" if database_url else "sqlite"
        print(f"\n{where}: seed {seed}, {server.deaths} kills, {done} operations, {again} resent")


def edit_through(server: Server, world: dict, kills: int, seed: int) -> list[Editor]:
    """One editor asks for deaths inside its requests and is killed from outside; another only
    suffers them. Returns both when `kills` deaths are behind them."""
    dice = random.Random(seed)
    leader, other = Editor(server, world, seed), Editor(server, world, seed + 1)
    over = threading.Event()
    failures: list[BaseException] = []

    def go_on() -> None:
        try:
            while not over.is_set():
                other.edit()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for number in range(kills):
            for _ in range(dice.randint(1, 4)):
                leader.edit()
            before = server.deaths
            kind = KINDS[number % len(KINDS)]
            if kind == "outside":
                timer = threading.Timer(dice.uniform(0, 0.15), server.kill)
                timer.start()
                while server.deaths == before and not failures:
                    leader.edit()
                timer.join()
            else:
                leader.edit("answer" if kind == "answer" else str(dice.randint(4, 40)))
            leader.edit()
            assert not failures, failures
    finally:
        over.set()
        thread.join(120)
    assert not failures, failures
    assert server.deaths >= kills * 2 // 3  # a batch may have fewer statements than the wish
    return [leader, other]
