"""The life of a Run. Every write of a worker is fenced by its lease token.

queued -> running -> done | failed (refused input) | dead (three strikes) | cancelled, and from
running back to queued when a worker dies, stops or meets an unexpected error. While a run is
queued, `lease_until` is the moment before which it is not to be tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from samweb.core import clock, queue
from samweb.core.errors import Conflict
from samweb.core.models import Lease, Run

log = logging.getLogger(__name__)

STRIKES = 3
# No lease lies further ahead than this; one that does was written before the clock went back.
FARTHEST_LEASE = timedelta(hours=1)
CHECK_SECONDS = 1.0
DIED = (
    f"The worker stopped {STRIKES} times in the middle of this: out of memory, killed, or a crash "
    "in native code."
)


class Refused(Exception):
    """The run's input cannot be worked on; trying again would not help. The text is shown."""


class Interrupted(Exception):
    """The work must end now and its result must not be kept. Let it pass through."""


class Cancelled(Interrupted):
    """Somebody asked for the end of the run."""


class LeaseLost(Interrupted):
    """Another worker has taken the run over."""


class Stopping(Interrupted):
    """This worker is being stopped; the run goes back to the queue without a strike."""


def lease_span() -> timedelta:
    """How long a worker may be silent before its run is taken over."""
    return timedelta(seconds=settings.SAMWEB.run_lease)


def expired(now: datetime) -> Q:
    """Whether `lease_until` has passed (or lies absurdly far ahead, or is absent)."""
    return (
        Q(lease_until__isnull=True)
        | Q(lease_until__lte=now)
        | Q(lease_until__gt=now + FARTHEST_LEASE)
    )


def due(now: datetime) -> Q:
    """Queued runs that may start now."""
    return Q(state=Run.State.QUEUED) & expired(now)


class ActiveRun:
    """What a run's work is given: its input, and how it reports, pauses and ends early.

    Call `checkpoint()` at least every few seconds: it raises when the run is cancelled or taken
    over, and lets waiting interactive runs go first (not inside a transaction).
    """

    def __init__(self, row: Run, token: UUID) -> None:
        self.row = row
        self.id = row.id
        self.kind = row.kind
        self.payload: dict[str, Any] = row.payload
        self.project = row.project
        self.actor = row.created_by
        self.lane = row.lane
        self.attempts = row.attempts
        self.token = token
        self.lost = False
        self.stopping: Callable[[], bool] = lambda: False
        self.give_way: Callable[[], None] = lambda: None
        self._checked = monotonic()
        self._reported = 0.0
        self._unreported: dict[str, Any] | None = None

    def _held(self) -> QuerySet[Run]:
        return Run.objects.filter(id=self.id, lease_token=self.token, state=Run.State.RUNNING)

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Say how far the work is; written at most once a second, the last one always."""
        self._unreported = {"done": done, "total": total, "message": message}
        if monotonic() - self._reported >= CHECK_SECONDS or done >= total:
            self._write_progress()

    def _write_progress(self) -> None:
        self._reported = monotonic()
        if self._unreported is not None:
            self.row.progress, self._unreported = self._unreported, None
            if not self._held().update(progress=self.row.progress):
                self.lost = True
            queue.announce(self.row)

    def checkpoint(self) -> None:
        """Raise Cancelled, LeaseLost or Stopping if the work must end; else give way."""
        if self.lost:
            raise LeaseLost
        if self.stopping():
            raise Stopping
        if monotonic() - self._checked < CHECK_SECONDS:
            return
        cancel = self._held().values_list("cancel", flat=True).first()
        if cancel is None:
            raise LeaseLost
        if cancel:
            raise Cancelled
        if not transaction.get_connection().in_atomic_block:  # theirs is not to be ours
            self.give_way()
        self._checked = monotonic()

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """A transaction that commits only while this worker holds the run. Raises LeaseLost."""
        with transaction.atomic():
            if not self._held().select_for_update().exists():
                raise LeaseLost
            yield

    def renew(self) -> None:
        """Move the lease and the heartbeat on; called by the worker's heartbeat thread."""
        now = clock.now()
        if not self._held().update(lease_until=now + lease_span(), heartbeat=now):
            self.lost = True


def claim(run_id: UUID | str, worker: str) -> ActiveRun | None:
    """Take a run that is due, or whose worker has gone silent. None when there is nothing to do.

    One conditional UPDATE: of two workers with the same hint, one gets the run.
    """
    now, token = clock.now(), uuid4()
    free = due(now) | (Q(state=Run.State.RUNNING) & expired(now))
    taken = Run.objects.filter(free, id=run_id, attempts__lt=STRIKES, cancel=False).update(
        state=Run.State.RUNNING, lease_token=token, lease_until=now + lease_span(), heartbeat=now,
        attempts=F("attempts") + 1, worker=worker, started=Coalesce("started", now),
    )  # fmt: skip
    if not taken:
        return None
    row = Run.objects.get(id=run_id)
    queue.announce(row)
    return ActiveRun(row, token)


def next_due(*, lane: str, kind: str = "", but_not: str = "", most: int = 1) -> list[UUID]:
    """The oldest runs of a lane that may start now, of one kind or of all but one."""
    rows = Run.objects.filter(due(clock.now()), lane=lane, cancel=False)
    if kind:
        rows = rows.filter(kind=kind)
    if but_not:
        rows = rows.exclude(kind=but_not)
    return list(rows.order_by("created", "id").values_list("id", flat=True)[:most])


def due_kind(run_id: UUID | str) -> str | None:
    """The kind of a run that may start now; None when a hint for it has nothing to say."""
    now = clock.now()
    free = due(now) | (Q(state=Run.State.RUNNING) & expired(now))
    return Run.objects.filter(free, id=run_id).values_list("kind", flat=True).first()


def _end(run: ActiveRun, **fields: Any) -> bool:
    changed = run._held().update(lease_token=None, lease_until=fields.pop("wait", None), **fields)
    if changed:
        for name, value in fields.items():
            if not hasattr(value, "resolve_expression"):
                setattr(run.row, name, value)
        queue.announce(run.row)
    return bool(changed)


def finish(run: ActiveRun, result: dict[str, Any] | None = None) -> bool:
    """The work is done. False when the lease was lost: then the result is somebody else's."""
    if run._unreported is not None:
        run._write_progress()
    return _end(run, state=Run.State.DONE, result=result, error="", finished=clock.now())


def fail(run: ActiveRun, reason: str) -> bool:
    """The input was refused; `reason` is shown and nothing is tried again."""
    return _end(run, state=Run.State.FAILED, error=reason, finished=clock.now())


def strike(run: ActiveRun, reason: str) -> bool:
    """An unexpected error: try again a little later, or, the third time, give up."""
    if run.attempts >= STRIKES:
        return _end(
            run, state=Run.State.DEAD, finished=clock.now(),
            error=f"Failed {STRIKES} times; last: {reason}",
        )  # fmt: skip
    wait = clock.now() + lease_span() / 4 * 2**run.attempts
    return _end(run, state=Run.State.QUEUED, error=reason, hinted=None, wait=wait)


def give_back(run: ActiveRun) -> bool:
    """This worker is stopping: back to the queue, and the attempt does not count."""
    return _end(run, state=Run.State.QUEUED, hinted=None, attempts=F("attempts") - 1)


def end_cancelled(run: ActiveRun) -> bool:
    """The work has ended because somebody asked for it."""
    return _end(run, state=Run.State.CANCELLED, error="", finished=clock.now())


def cancel(run: Run) -> Run:
    """Ask for the end of a run: a queued one ends at once, a running one at its checkpoint."""
    done = Run.objects.filter(id=run.id, state=Run.State.QUEUED).update(
        state=Run.State.CANCELLED, cancel=True, finished=clock.now(), lease_until=None
    )
    if not done and not Run.objects.filter(id=run.id, state=Run.State.RUNNING).update(cancel=True):
        run.refresh_from_db()
        raise Conflict(f"The run has ended already: it is {run.state}.", code="run_ended")
    run.refresh_from_db()
    queue.announce(run)
    return run


def retry(run: Run) -> Run:
    """Start an ended run anew, with three new attempts. Raises Conflict when it has not failed,
    or when another run is at the same work."""
    ended = [Run.State.FAILED, Run.State.DEAD, Run.State.CANCELLED]
    try:
        with transaction.atomic():
            found = Run.objects.filter(id=run.id, state__in=ended).update(
                state=Run.State.QUEUED, attempts=0, cancel=False, error="", progress={},
                result=None, started=None, finished=None, lease_token=None, lease_until=None,
                hinted=clock.now(),
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("Another run is at this work already.", code="run_active") from None
    run.refresh_from_db()
    if not found:
        raise Conflict(f"Only a run that failed can be retried; this one is {run.state}.",
                       code="run_not_failed")  # fmt: skip
    queue.send_after_commit([run])
    queue.announce(run)
    return run


def sweep() -> int:
    """Runs whose worker went silent: back to the queue, or ended at the third strike or when
    cancelled. Returns how many."""
    now = clock.now()
    silent = Run.objects.filter(expired(now), state=Run.State.RUNNING)
    count = 0
    for run in silent[:500]:
        fields: dict[str, Any] = {"state": Run.State.QUEUED, "hinted": None}
        if run.cancel:
            fields = {"state": Run.State.CANCELLED, "finished": now}
        elif run.attempts >= STRIKES:
            fields = {"state": Run.State.DEAD, "finished": now, "error": DIED}
        changed = silent.filter(id=run.id, lease_token=run.lease_token).update(
            lease_token=None, lease_until=None, **fields
        )
        if changed:
            count += 1
            for name, value in fields.items():
                setattr(run, name, value)
            queue.announce(run)
    return count


def resend_due() -> int:
    """Send again the hints of due runs that the broker seems to have lost. Returns how many.

    Compares the rows with the length of the queue, so that a long backlog is not doubled.
    """
    now, sent = clock.now(), 0
    for lane in Run.Lane.values:
        ready = Run.objects.filter(due(now), lane=lane)
        untold = Q(hinted__isnull=True) | Q(hinted__lt=now - lease_span() / 2) | Q(hinted__gt=now)
        stale = ready.filter(untold)
        if not stale.exists():
            continue
        missing = ready.count() - queue.waiting(lane)
        if missing <= 0:
            continue
        found = list(stale.order_by("created").values_list("id", flat=True)[: min(missing, 1000)])
        Run.objects.filter(id__in=found).update(hinted=now)
        sent += queue.send_hints([(run, lane) for run in found], patient=True)
    return sent


def forget(kinds: tuple[str, ...], *, days: int = 7, most: int = 1000) -> int:
    """Delete done runs of these kinds, whose results lie elsewhere, after some days."""
    old = Run.objects.filter(
        state=Run.State.DONE, kind__in=kinds, finished__lt=clock.now() - timedelta(days=days)
    )
    found = list(old.values_list("id", flat=True)[:most])
    Run.objects.filter(id__in=found).delete()
    return len(found)


def lease_take(name: str, holder: str, seconds: float) -> bool:
    """Hold a named lease, such as the timer's, so that one worker of many does the round."""
    now = clock.now()
    until = now + timedelta(seconds=seconds)
    free = Q(holder=holder) | Q(until__lte=now) | Q(until__gt=now + FARTHEST_LEASE)
    if Lease.objects.filter(free, name=name).update(holder=holder, until=until):
        return True
    Lease.objects.bulk_create([Lease(name=name, holder=holder, until=until)], ignore_conflicts=True)
    return Lease.objects.filter(name=name, holder=holder).exists()
