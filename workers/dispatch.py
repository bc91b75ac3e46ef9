"""From a hint to finished work: claim, keep the lease, do it, write how it ended."""

from __future__ import annotations

import logging
import os
import socket
import threading
from types import ModuleType

from django.db import DatabaseError

from samweb.core import runs
from samweb.core.errors import ApiError
from samweb.core.models import Run
from samweb.core.runs import ActiveRun
from workers import heartbeat, kinds

log = logging.getLogger(__name__)

stopping = threading.Event()


def worker_name() -> str:
    """This process, as runs and WorkerPresence name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def execute(run_id: str) -> None:
    """Do what a hint is about. Interactive runs that wait go first."""
    if stopping.is_set():
        return
    give_way()
    kind = runs.due_kind(run_id)
    if kind is None:
        return
    _take_turns(kind)
    run = runs.claim(run_id, worker_name())
    if run is not None:
        perform(run)


def _take_turns(kind: str) -> None:
    """Do one bulk run of another kind first, if one waits: an export must not stand behind the
    embeddings of ten thousand images."""
    for other in runs.next_due(lane=Run.Lane.BULK, but_not=kind):
        run = runs.claim(other, worker_name())
        if run is not None:
            perform(run)


def give_way() -> None:
    """Do every interactive run that waits. A bulk run calls this at its checkpoints, so one
    worker is enough for both lanes."""
    while not stopping.is_set():
        waiting = runs.next_due(lane=Run.Lane.INTERACTIVE)
        if not waiting:
            return
        run = runs.claim(waiting[0], worker_name())
        if run is None:
            return  # another worker was quicker
        perform(run)


def perform(run: ActiveRun) -> None:
    """Work on a claimed run, with others of its kind where the kind can share a pass."""
    module = kinds.find(run.kind)
    if module is None:
        runs.fail(run, f"This worker does not know runs of kind {run.kind!r}.")
        return
    together = [run, *_companions(run, module)]
    for each in together:
        each.stopping = stopping.is_set
        if each.lane == Run.Lane.BULK:
            each.give_way = give_way
    with heartbeat.keeping(together):
        if len(together) > 1:
            _guarded_together(module, together)
        else:
            _guarded(module, run)


def _companions(run: ActiveRun, module: ModuleType) -> list[ActiveRun]:
    most = module.together() if hasattr(module, "together") else 1
    if most <= 1:
        return []
    found = runs.next_due(lane=run.lane, kind=run.kind, most=most - 1)
    claimed = (runs.claim(other, worker_name()) for other in found)
    return [other for other in claimed if other is not None]


def _guarded(module: ModuleType, run: ActiveRun) -> None:
    """One run; whatever happens, the row says how it ended, or its lease runs out."""
    try:
        result = module.work(run)
    except Exception as error:
        _ended_badly(run, error)
        return
    if not runs.finish(run, result):
        log.warning("run %s was taken over; its result is dropped", run.id)


def _guarded_together(module: ModuleType, together: list[ActiveRun]) -> None:
    """Several runs in one pass. When the pass fails, each is done alone, so that one bad input
    (or too little memory for so many) costs the others nothing."""
    try:
        results = module.work_together(together)
    except Exception as error:
        log.warning("a batch of %s failed (%s); doing them one by one", len(together), error)
        for run in together:
            _guarded(module, run)
        return
    for run, result in zip(together, results, strict=True):
        runs.finish(run, result)


def _ended_badly(run: ActiveRun, error: Exception) -> None:
    if isinstance(error, runs.Cancelled):
        runs.end_cancelled(run)
    elif isinstance(error, runs.LeaseLost):
        log.warning("run %s was taken over by another worker", run.id)
    elif isinstance(error, runs.Stopping):
        runs.give_back(run)
    elif isinstance(error, runs.Refused):
        runs.fail(run, str(error))
    elif isinstance(error, ApiError) and error.status < 500:
        runs.fail(run, error.message)
    else:
        log.exception("run %s (%s) met an error", run.id, run.kind, exc_info=error)
        try:
            runs.strike(run, f"{type(error).__name__}: {error}"[:2000])
        except DatabaseError:
            log.exception("the error could not be written; the lease will run out")
