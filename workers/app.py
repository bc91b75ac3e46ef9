"""The worker process: `celery -A workers.app worker`.

One process, one run at a time (pool `solo`, see samweb.core.queue). Beside the working thread
run two small ones: the heartbeat that keeps the leases of the work in hand, and the timer that
shows this worker as alive and sends again what is due.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "samweb.config.settings")

import django

django.setup()

from typing import Any  # noqa: E402

from celery import signals  # noqa: E402

from samweb.core.queue import TASK, app  # noqa: E402
from workers import dispatch, timer  # noqa: E402

__all__ = ["app", "run"]


@app.task(name=TASK)
def run(run_id: str) -> None:
    """A hint has come: do that run, unless it is done, taken or not due."""
    dispatch.execute(run_id)


@signals.worker_ready.connect
def _ready(**_: Any) -> None:
    timer.start()


@signals.worker_shutting_down.connect
def _stopping(**_: Any) -> None:
    dispatch.stopping.set()


@signals.worker_shutdown.connect
def _stopped(**_: Any) -> None:
    timer.stop()
