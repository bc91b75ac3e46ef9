"""The embedded queue's file: claims, leases, parking, and what happens when it is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Queue

from samweb.core import broker


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "queue.db")


def put(path: str, text: str, queue: str = "q") -> None:
    broker.connection(path).execute(
        "INSERT INTO message (queue, payload, sent) VALUES (?, ?, ?)", (queue, text, time.time())
    )


def test_messages_come_in_order_each_to_one_taker(path: str) -> None:
    for n in range(3):
        put(path, str(n))
    taken = [broker.claim(path, "q", 60) for _ in range(4)]
    assert [found and found[1] for found in taken] == ["0", "1", "2", None]


def test_a_message_comes_again_when_its_lease_has_run_out(path: str) -> None:
    put(path, "once")
    first = broker.claim(path, "q", -1)  # a lease that has run out already
    second = broker.claim(path, "q", 60)
    assert first and second and second[1] == "once"
    broker.delete(path, first[0])  # too late: the message is somebody else's
    assert broker.release(path, second[0])
    third = broker.claim(path, "q", 60)
    assert third
    broker.delete(path, third[0])
    assert broker.claim(path, "q", 60) is None


def test_a_lease_from_before_the_clock_went_back_counts_as_expired(path: str) -> None:
    put(path, "once")
    assert broker.claim(path, "q", 86400)
    assert broker.claim(path, "q", 60)


def test_a_message_that_is_never_acknowledged_is_parked(path: str) -> None:
    put(path, "poison")
    put(path, "bread")
    for _ in range(broker.MOST_TRIES):
        found = broker.claim(path, "q", -1)
        assert found and found[1] == "poison"
    found = broker.claim(path, "q", 60)
    assert found and found[1] == "bread"


def test_many_threads_never_take_the_same_message(path: str) -> None:
    for n in range(200):
        put(path, str(n))
    taken: list[str] = []

    def take() -> None:
        while found := broker.claim(path, "q", 60):
            taken.append(found[1])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken, key=int) == [str(n) for n in range(200)]


def test_a_deleted_file_is_begun_anew(path: str) -> None:
    put(path, "lost")
    for name in (path, f"{path}-wal", f"{path}-shm"):
        Path(name).unlink(missing_ok=True)
    assert broker.claim(path, "q", 60) is None
    put(path, "found")
    assert broker.claim(path, "q", 60)


def test_a_damaged_file_is_begun_anew(path: str) -> None:
    Path(path).write_bytes(b"this is no database" * 100)
    put(path, "found")
    assert broker.claim(path, "q", 60)


def test_the_keeper_renews_a_lease_while_the_work_goes_on(path: str) -> None:
    put(path, "long")
    found = broker.claim(path, "q", 0.3)
    assert found
    broker.keeper.hold(path, found[0], 0.3)
    database = sqlite3.connect(path)
    before = time.time()
    deadline = before + 10
    while time.time() < deadline:
        (until,) = database.execute("SELECT lease_until FROM message").fetchone()
        if until > before + 1:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the lease was not renewed")
    broker.keeper.drop(path, found[0])


def test_kombu_sends_and_receives_through_it(path: str) -> None:
    queue = Queue("q", Exchange("e", "direct"), routing_key="q")
    with Connection(f"samwebsqlite:///{path}") as line:
        line.Producer().publish(
            {"run": 1}, exchange=queue.exchange, routing_key="q", declare=[queue]
        )
        found = queue(line.channel()).get()
        assert found.payload == {"run": 1}
        found.reject(requeue=True)
        again = queue(line.channel()).get()
        assert again.payload == {"run": 1}
        again.ack()
        assert queue(line.channel()).get() is None
