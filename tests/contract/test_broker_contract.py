"""What the embedded queue, Redis and RabbitMQ all must do, with real worker processes.

The web side and the workers are processes of their own (tests.workers.rig) on a database of their
own; workers die by kill -9 of their process group.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.workers.rig import Rig, rig

service = pytest.mark.service
slow = pytest.mark.slow
PLACES = [
    pytest.param(("embedded", "sqlite"), id="embedded-sqlite"),
    pytest.param(("redis", "postgresql"), id="redis-postgresql", marks=service),
    pytest.param(("rabbitmq", "sqlite"), id="rabbitmq-sqlite", marks=service),
    pytest.param(("embedded", "postgresql"), id="embedded-postgresql", marks=[service, slow]),
    pytest.param(("redis", "sqlite"), id="redis-sqlite", marks=[service, slow]),
    pytest.param(("rabbitmq", "postgresql"), id="rabbitmq-postgresql", marks=[service, slow]),
]


@pytest.fixture(scope="module", params=PLACES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    on, keeping = request.param
    with rig(tmp_path_factory.mktemp("rig"), on=on, keeping=keeping) as made:
        yield made


def test_a_hundred_runs_are_each_done_once(place: Rig) -> None:
    place.start_worker()
    second = place.start_worker()
    ids = place.ask("enqueue", kind="quick", count=100)
    place.all_done(ids)
    did = place.notes("did")
    assert sorted(did) == sorted(ids)
    assert {run["attempts"] for run in place.ask("runs", ids=ids)} == {1}
    place.kill(second)


def test_the_same_work_asked_for_at_once_is_one_run(place: Rig) -> None:
    # Held at a gate: a run that is done already is no reason not to make another.
    ids = place.ask("enqueue_at_once", kind="gated", key="same", threads=8, gate="gate-same")
    assert len(set(ids)) == 1
    place.open_gate("gate-same")
    place.ensure_worker()
    place.all_done(ids[:1])
    assert place.notes("did").count(ids[0]) == 1


def test_a_run_whose_worker_was_killed_is_taken_over_and_done_once(place: Rig) -> None:
    worker = place.ensure_worker()
    (held,) = place.ask("enqueue", kind="gated", gate="gate-kill")
    rest = place.ask("enqueue", kind="quick", count=4)
    place.until(lambda: held in place.notes("began"), "the run to begin")
    place.kill(worker)
    place.open_gate("gate-kill")
    place.start_worker()
    place.all_done([held, *rest])
    assert place.notes("did").count(held) == 1
    assert all(place.notes("did").count(id) == 1 for id in rest)
    (run,) = place.ask("runs", ids=[held])
    assert run["attempts"] == 2


def test_a_worker_that_slept_through_its_lease_cannot_finish(place: Rig) -> None:
    sleeper = place.ensure_worker()
    (held,) = place.ask("enqueue", kind="gated", gate="gate-sleep")
    place.until(lambda: held in place.notes("began"), "the run to begin")
    place.freeze(sleeper)
    place.start_worker()
    place.until(lambda: place.notes("began").count(held) == 2, "another worker to take over")
    place.open_gate("gate-sleep")
    place.all_done([held])
    os.killpg(sleeper.pid, signal.SIGCONT)
    place.until(lambda: "was taken over" in place.words(), "the sleeper to see that it is late")
    assert place.notes("did").count(held) == 1
    place.kill(sleeper)


def test_a_run_that_kills_its_worker_is_dead_after_three_strikes(place: Rig) -> None:
    (poison,) = place.ask("enqueue", kind="poison")

    def buried() -> bool:
        place.ensure_worker()  # what a supervisor does
        return place.states([poison]) == ["dead"]

    place.until(buried, "the poison run to be given up", seconds=90)
    (run,) = place.ask("runs", ids=[poison])
    assert place.notes("began").count(poison) == 3
    assert "3 times" in run["error"]
    place.ensure_worker()
    (after,) = place.ask("enqueue", kind="quick")
    place.all_done([after])


def test_errors_are_tried_three_times_and_refusals_once(place: Rig) -> None:
    place.ensure_worker()
    (broken,) = place.ask("enqueue", kind="broken")
    (refused,) = place.ask("enqueue", kind="refused")
    place.until(lambda: place.states([broken, refused]) == ["dead", "failed"], "both to end")
    ended = place.ask("runs", ids=[broken, refused])
    assert ended[0]["attempts"] == 3 and "no such luck" in ended[0]["error"]
    assert ended[1]["attempts"] == 1 and ended[1]["error"] == "The picture is empty."


def test_cancelling_ends_a_queued_run_at_once_and_a_running_one_soon(place: Rig) -> None:
    place.ensure_worker()
    (running,) = place.ask("enqueue", kind="gated", gate="gate-never")
    place.until(lambda: running in place.notes("began"), "the run to begin")
    (queued,) = place.ask("enqueue", kind="quick")
    assert place.ask("cancel", id=queued) == "cancelled"
    assert place.ask("cancel", id=running) == "running"
    place.until(lambda: place.states([running]) == ["cancelled"], "the run to end", seconds=10)
    place.ask("retry", id=queued)
    place.all_done([queued])
    assert running not in place.notes("did") and place.notes("did").count(queued) == 1


def test_a_long_bulk_run_lets_an_interactive_one_go_first(place: Rig) -> None:
    place.ensure_worker()
    (bulk,) = place.ask("enqueue", kind="gated", gate="gate-bulk")
    place.until(lambda: bulk in place.notes("began"), "the bulk run to begin")
    (interactive,) = place.ask("enqueue", kind="quick", lane="interactive")
    place.all_done([interactive], seconds=10)
    assert place.states([bulk]) == ["running"]
    place.open_gate("gate-bulk")
    place.all_done([bulk])
    assert place.notes("did").count(bulk) == 1


def test_a_worker_that_is_asked_to_stop_gives_its_run_back_without_a_strike(place: Rig) -> None:
    worker = place.ensure_worker()
    (held,) = place.ask("enqueue", kind="gated", gate="gate-stop")
    place.until(lambda: held in place.notes("began"), "the run to begin")
    worker.terminate()
    assert worker.wait(20) == 0
    assert place.ask("runs", ids=[held])[0]["attempts"] == 0
    place.open_gate("gate-stop")
    place.ensure_worker()
    place.all_done([held])
    assert place.notes("did").count(held) == 1


def test_a_broker_that_forgets_everything_loses_nothing(place: Rig) -> None:
    place.stop_workers()
    ids = place.ask("enqueue", kind="quick", count=30)
    place.forget_broker()
    place.start_worker()
    place.all_done(ids)
    place.forget_broker()  # and while the worker is waiting for the next message
    more = place.ask("enqueue", kind="quick", count=10)
    place.all_done(more)
    did = place.notes("did")
    assert all(did.count(id) == 1 for id in [*ids, *more])


@slow
def test_a_thousand_runs_under_random_kills_are_all_done(place: Rig) -> None:
    import random

    chance = random.Random(20261122)
    place.stop_workers()
    ids = place.ask("enqueue", kind="quick", count=1000)
    for _ in range(8):
        worker = place.ensure_worker()
        before = len(place.notes("did"))
        wanted = before + chance.randint(5, 60)
        place.until(lambda wanted=wanted: len(place.notes("did")) >= wanted, "some progress")
        place.kill(worker)
    place.ensure_worker()
    place.all_done(ids, seconds=300)
    assert set(place.notes("did")) >= set(ids)
