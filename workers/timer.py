"""The timer inside every worker, in place of a beat process.

Four times per lease each worker says that it is alive and offers bundles that were imported; the
one that holds the timer's lease also takes back the runs of workers that went silent and sends
again the hints that got lost.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from samweb.core import clock, runs
from samweb.core.models import WorkerPresence
from workers import dispatch, encoder
from workers import start as beginning

log = logging.getLogger(__name__)

_stop = threading.Event()
_started = clock.now()
_FORGET = timedelta(days=1)


def start() -> None:
    """Begin the rounds, in a thread that ends with the process."""
    threading.Thread(target=_rounds, name="timer", daemon=True).start()


def stop() -> None:
    """Say goodbye: the worker is not shown as alive any more."""
    _stop.set()
    with contextlib.suppress(DatabaseError):
        WorkerPresence.objects.filter(name=dispatch.worker_name()).delete()


def _rounds() -> None:
    span, begun = runs.lease_span().total_seconds(), False
    while not _stop.is_set():
        try:
            close_old_connections()
            if not begun:  # again until it succeeds: the database may not be migrated yet
                beginning.begin()
                begun = True
            round_(span)
        except Exception as error:  # the database or the broker is away; the next round tries again
            log.warning("the timer's round failed: %s: %s", type(error).__name__, error)
            connection.close()
        _stop.wait(span / 4)


def round_(span: float) -> None:
    """One round: presence always, the rest where this worker holds the timer's lease."""
    name, now = dispatch.worker_name(), clock.now()
    WorkerPresence.objects.update_or_create(
        name=name, defaults={"seen": now, "started": _started, "info": info()}
    )
    encoder.release_if_idle()
    beginning.bundles_offer_news()
    if not runs.lease_take("timer", name, span):
        return
    WorkerPresence.objects.filter(seen__lt=now - _FORGET).delete()
    runs.forget(("embed", "embed_missing"))
    silent, sent = runs.sweep(), runs.resend_due()
    if silent or sent:
        log.info("timer: %s runs of silent workers taken back, %s hints sent again", silent, sent)


def info() -> dict[str, object]:
    """What this worker offers, for the overview."""
    return {"device": settings.SAMWEB.device, "bundles": beginning.offered()}
