"""The heartbeat: keeps the leases of the runs in hand while their work holds the main thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connection

from samweb.core.runs import ActiveRun, lease_span

log = logging.getLogger(__name__)

_held: dict[str, ActiveRun] = {}
_lock = threading.Lock()
_wake = threading.Event()
_thread: threading.Thread | None = None


@contextmanager
def keeping(runs: list[ActiveRun]) -> Iterator[None]:
    """Renew these runs' leases, three times per lease, until the block ends."""
    global _thread
    with _lock:
        _held.update((str(run.token), run) for run in runs)
        if _thread is None:
            _thread = threading.Thread(target=_beat, name="run-heartbeat", daemon=True)
            _thread.start()
    _wake.set()
    try:
        yield
    finally:
        with _lock:
            for run in runs:
                _held.pop(str(run.token), None)


def _beat() -> None:
    while True:
        with _lock:
            runs = list(_held.values())
        if not runs:
            connection.close()
            _wake.wait()
            _wake.clear()
        # A claim has just set the lease, so the first beat may wait as long as the others.
        threading.Event().wait(lease_span().total_seconds() / 3)
        with _lock:
            runs = list(_held.values())
        try:
            close_old_connections()
            for run in runs:
                run.renew()
        except Exception as error:  # whatever it is, the next beat must come
            log.warning("the heartbeat could not be written: %s", error)
            connection.close()
