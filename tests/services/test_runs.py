"""The life of a run, row by row, with a clock that the tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from samweb.core import clock, queue, runs
from samweb.core.errors import Conflict
from samweb.core.models import Run
from samweb.core.queue import enqueue
from tests import cast

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self) -> None:
        self.time = clock.now()

    def now(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock's hands."""
    made = Clock()
    monkeypatch.setattr(clock, "now", made.now)
    yield made


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A broker of two lists: what was sent to each lane and not yet taken."""
    lanes: dict[str, list[str]] = {"interactive": [], "bulk": []}

    def send(hints: list[tuple[object, str]], *, patient: bool = False) -> int:
        for run, lane in hints:
            lanes[lane].append(str(run))
        return len(hints)

    monkeypatch.setattr(queue, "send_hints", send)
    monkeypatch.setattr(queue, "waiting", lambda lane: len(lanes[lane]))
    return lanes


def made(key: str = "work", **fields: object) -> Run:
    return enqueue("quick", payload={}, dedupe_key=key, **fields)  # type: ignore[arg-type]


def state(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def test_a_hint_leaves_only_after_the_commit(
    broker: dict[str, list[str]], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        run = made()
        assert broker["bulk"] == []
    assert broker["bulk"] == [str(run.id)]


def test_the_same_work_is_one_run_while_it_is_active_and_another_afterwards() -> None:
    first = made()
    assert made().id == first.id
    active = runs.claim(first.id, "w")
    assert active is not None
    assert made().id == first.id
    runs.finish(active)
    assert made().id != first.id


def test_an_interactive_request_lifts_a_waiting_bulk_run() -> None:
    run = made()
    assert made(lane="interactive").id == run.id
    run.refresh_from_db()
    assert run.lane == "interactive"
    assert made().lane == "interactive"


def test_only_one_of_two_workers_gets_a_run() -> None:
    run = made()
    assert runs.claim(run.id, "one") is not None
    assert runs.claim(run.id, "two") is None


def test_a_silent_worker_loses_its_run_and_can_no_longer_write(hands: Clock) -> None:
    run = made()
    first = runs.claim(run.id, "one")
    assert first is not None
    hands.forward(seconds=15)
    first.renew()
    hands.forward(seconds=15)
    assert runs.claim(run.id, "two") is None  # the heartbeat kept it
    hands.forward(seconds=10)
    second = runs.claim(run.id, "two")
    assert second is not None and second.attempts == 2
    first.renew()
    with pytest.raises(runs.LeaseLost):
        first.checkpoint()
    with pytest.raises(runs.LeaseLost), first.fenced():
        pytest.fail("a lost lease must not commit")
    assert not runs.finish(first, {"from": "one"})
    assert runs.finish(second, {"from": "two"})
    run.refresh_from_db()
    assert run.state == "done" and run.result == {"from": "two"}


def test_the_sweep_takes_back_twice_and_buries_the_third_time(hands: Clock) -> None:
    run = made()
    for _ in range(3):
        assert runs.claim(run.id, "w") is not None
        assert runs.sweep() == 0
        hands.forward(seconds=21)
        assert runs.sweep() == 1
    assert state(run) == "dead"
    assert "3 times" in run.error
    assert runs.claim(run.id, "w") is None


def test_a_lease_from_before_the_clock_went_back_counts_as_expired(hands: Clock) -> None:
    run = made()
    runs.claim(run.id, "w")
    hands.forward(days=-1)
    assert runs.sweep() == 1
    assert state(run) == "queued"


def test_an_error_is_tried_again_later_and_the_third_is_the_last(hands: Clock) -> None:
    run = made()
    for attempt in (1, 2, 3):
        active = runs.claim(run.id, "w")
        assert active is not None and active.attempts == attempt
        runs.strike(active, "RuntimeError: no")
        assert attempt == 3 or runs.claim(run.id, "w") is None  # not at once
        hands.forward(minutes=5)
    assert state(run) == "dead" and "RuntimeError: no" in run.error


def test_a_refusal_is_final() -> None:
    run = made()
    active = runs.claim(run.id, "w")
    assert active is not None
    runs.fail(active, "The picture is empty.")
    assert state(run) == "failed" and run.error == "The picture is empty."


def test_a_stopping_worker_gives_back_without_a_strike() -> None:
    run = made()
    active = runs.claim(run.id, "w")
    assert active is not None
    active.stopping = lambda: True
    with pytest.raises(runs.Stopping):
        active.checkpoint()
    runs.give_back(active)
    assert state(run) == "queued" and run.attempts == 0 and run.hinted is None


def test_cancelling_a_queued_run_is_at_once_and_an_ended_one_a_conflict() -> None:
    run = made()
    assert runs.cancel(run).state == "cancelled"
    with pytest.raises(Conflict):
        runs.cancel(run)
    assert runs.claim(run.id, "w") is None


def test_a_cancelled_run_of_a_dead_worker_ends_as_cancelled(hands: Clock) -> None:
    run = made()
    runs.claim(run.id, "w")
    assert runs.cancel(run).state == "running"
    hands.forward(seconds=30)
    assert runs.claim(run.id, "w2") is None
    runs.sweep()
    assert state(run) == "cancelled"


def test_retrying_gives_three_new_attempts_but_never_a_second_active_run(hands: Clock) -> None:
    run = made()
    runs.cancel(run)
    twin = made()
    with pytest.raises(Conflict):
        runs.retry(run)
    runs.cancel(twin)
    assert runs.retry(run).state == "queued"
    active = runs.claim(run.id, "w")
    assert active is not None and active.attempts == 1
    runs.finish(active)
    with pytest.raises(Conflict):
        runs.retry(run)


def test_a_backlog_is_not_doubled_and_lost_hints_are_sent_again(
    hands: Clock, broker: dict[str, list[str]]
) -> None:
    waiting = [made(str(n)) for n in range(20)]
    broker["bulk"] = [str(run.id) for run in waiting]
    hands.forward(minutes=5)
    assert runs.resend_due() == 0  # old, but the broker still has a message for each
    broker["bulk"] = broker["bulk"][:5]
    assert runs.resend_due() == 15
    assert runs.resend_due() == 0  # just told
    broker["bulk"] = []
    hands.forward(minutes=1)
    assert runs.resend_due() == 20


def test_a_broker_that_is_down_costs_a_save_nothing(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    monkeypatch.setattr(queue.app, "send_task", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(queue._Line, "down_until", 0.0)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        run = made()
    assert state(run) == "queued" and run.hinted is None


def test_a_named_lease_has_one_holder_at_a_time(hands: Clock) -> None:
    assert runs.lease_take("timer", "one", 20)
    assert not runs.lease_take("timer", "two", 20)
    assert runs.lease_take("timer", "one", 20)
    hands.forward(seconds=21)
    assert runs.lease_take("timer", "two", 20)
    assert not runs.lease_take("timer", "one", 20)


def test_progress_is_written_and_the_last_of_it_always(orchard: cast.Project) -> None:
    run = made(project=orchard.id)
    active = runs.claim(run.id, "w")
    assert active is not None
    for done in range(1, 11):
        active.progress(done, 10, f"image {done}")
    run.refresh_from_db()
    assert run.progress == {"done": 10, "total": 10, "message": "image 10"}


def test_old_runs_whose_result_lies_elsewhere_are_forgotten(hands: Clock) -> None:
    run, other = made("a"), enqueue("export", payload={}, dedupe_key="b")
    for each in (run, other):
        active = runs.claim(each.id, "w")
        assert active is not None
        runs.finish(active)
    assert runs.forget(("quick",)) == 0
    hands.forward(days=8)
    assert runs.forget(("quick",)) == 1
    assert list(Run.objects.values_list("kind", flat=True)) == ["export"]
