"""The Celery app, and `enqueue`: a Run row in the caller's transaction, then a hint.

The row is the truth. The hint (the run's id, sent by name, so that web needs no model code)
only wakes a worker: it may be lost, doubled or late, and the broker may be down. Every worker's
timer sends again what is due (`samweb.core.runs.resend_due`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu import Exchange, Queue
from kombu.exceptions import ChannelError

from samweb.core import broker, clock, live
from samweb.core.models import Run
from samweb.core.presentation import run_message

log = logging.getLogger(__name__)

TASK = "samweb.run"
DOWN_SECONDS = 5.0  # after a failed send, how long no other request waits for the broker


def queue_name(lane: str) -> str:
    """The broker's queue of a lane."""
    return f"{settings.SAMWEB.queue_prefix}.{lane}"


def transport_options(url: str) -> dict[str, Any]:
    """What each broker must be told; the figures come from kill -9 trials."""
    if url.startswith(f"{broker.NAME}:"):
        return {"lease_seconds": settings.SAMWEB.run_lease / 2}
    if url.startswith(("redis", "sentinel")):
        # Redis does not renew: a hint comes back while its run is still at work, finds the run
        # leased, and is dropped. Without interval and throttle a lost one came back after 103 s.
        return {
            "global_keyprefix": f"{settings.SAMWEB.queue_prefix}:",
            "visibility_timeout": 60,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "socket_keepalive": True,
        }
    return {"confirm_publish": True}


def make_app(url: str) -> Celery:
    """The Celery app for a broker. JSON only; no result backend, because rows hold results."""
    app = Celery("samweb", broker=url, set_as_current=True)
    exchange = Exchange(settings.SAMWEB.queue_prefix, type="direct")
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_queues=[
            Queue(queue_name(lane), exchange, routing_key=queue_name(lane))
            for lane in Run.Lane.values
        ],
        task_default_queue=queue_name(Run.Lane.BULK),
        task_default_exchange=settings.SAMWEB.queue_prefix,
        task_default_routing_key=queue_name(Run.Lane.BULK),
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0},
        # One run at a time, in the worker's only working thread: the least memory, no fork
        # beside native threads, and kill -9 or a crash of native code ends the whole process,
        # which is what leases are made for. Its supervisor (make run, compose) restarts it.
        # More throughput is more worker processes.
        worker_pool="solo",
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,  # needs fanout; cancelling is a flag in the row
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=30.0,
        broker_heartbeat=0,  # nobody could answer one while a run is at work
        broker_connection_timeout=2.0,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport_options(url),
        timezone="UTC",
    )
    return app


app = make_app(settings.SAMWEB.broker_url)


def enqueue(
    kind: str,
    *,
    payload: dict[str, Any],
    dedupe_key: str,
    project: UUID | None = None,
    lane: str = Run.Lane.BULK,
    actor: UUID | None = None,
) -> Run:
    """Step 2 of the flow: make a run, or return the active one with this `dedupe_key`.

    The row belongs to the caller's transaction and the hint leaves after its commit. Two
    callers at once get the same run. An interactive caller lifts a waiting bulk run into its
    lane.
    """
    while True:
        wanted = Run(
            kind=kind, payload=payload, dedupe_key=dedupe_key, project=project, lane=lane,
            created_by=actor, hinted=clock.now(),
        )  # fmt: skip
        active = Run.objects.filter(dedupe_key=dedupe_key, state__in=Run.ACTIVE).first()
        if active is None:
            Run.objects.bulk_create([wanted], ignore_conflicts=True)
            active = Run.objects.filter(dedupe_key=dedupe_key, state__in=Run.ACTIVE).first()
        if active is None:
            continue  # somebody's twin came and was finished between the two statements
        if active.id == wanted.id:
            send_after_commit([active])
            announce(active)
        elif lane == Run.Lane.INTERACTIVE and active.lane != lane:
            lifted = Run.objects.filter(id=active.id, state=Run.State.QUEUED).update(lane=lane)
            active.lane = lane
            if lifted:
                send_after_commit([active])
        return active


def announce(run: Run) -> None:
    """Tell the run's project that the run has changed."""
    if run.project:
        live.publish(run.project, run_message(run))


def send_after_commit(found: Iterable[Run]) -> None:
    """Send the hints of these runs when the transaction has committed."""
    hints = [(run.id, run.lane) for run in found]
    transaction.on_commit(partial(send_hints, hints), robust=True)


class _Line:
    """Whether the broker answered last time; keeps a dead broker from slowing every save."""

    down_until = 0.0


def send_hints(hints: list[tuple[UUID, str]], *, patient: bool = False) -> int:
    """Send hints now; returns how many left. A broker that is down costs nothing: the rows are
    marked as not told, and the workers' timer sends them when it is back."""
    sent = 0
    try:
        if not patient and time.monotonic() < _Line.down_until:
            raise ConnectionError("the broker did not answer a moment ago")
        with app.producer_or_acquire() as producer:
            for run, lane in hints:
                app.send_task(TASK, args=[str(run)], queue=queue_name(lane), producer=producer)
                sent += 1
        _Line.down_until = 0.0
    except Exception as error:
        if time.monotonic() >= _Line.down_until:
            log.warning("the broker takes no hints (%s); runs wait in the database", error)
        _Line.down_until = time.monotonic() + DOWN_SECONDS
        untold = [run for run, _lane in hints[sent:]]
        Run.objects.filter(id__in=untold, state=Run.State.QUEUED).update(hinted=None)
    return sent


def waiting(lane: str) -> int:
    """How many messages lie in a lane's queue. Raises what the broker raises when it is down."""
    with app.connection_for_write() as line:
        channel = line.channel()
        try:
            return int(channel.queue_declare(queue=queue_name(lane), passive=True).message_count)
        except (ChannelError, *line.channel_errors) as error:
            if "NOT_FOUND" not in str(error).upper().replace(" ", "_"):
                raise
            return 0  # an empty Redis list, or a queue that nobody declared yet
