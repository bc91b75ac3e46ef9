"""What workers do, told to open browsers where no channel layer reaches the worker.

The embedded worker is another process, and the in-memory layer does not leave its own: what the
worker has to tell goes through the database. While a browser has a project open, the web process
looks once a second at its moving runs and tells the project's group what has changed. With Redis
as channel layer the workers tell it themselves (`queue.announce`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import DatabaseError
from django.db.models import Q

from samweb.core import clock
from samweb.core.live import group
from samweb.core.models import Run
from samweb.core.presentation import run_message

log = logging.getLogger(__name__)

SECONDS = 1.0
OVERLAP = timedelta(seconds=5)
MOST = 200

_open: Counter[UUID] = Counter()
_told: dict[UUID, tuple[str, str]] = {}  # run -> what was told of it last
_task: asyncio.Task[None] | None = None


def begin(project: UUID) -> None:
    """A browser has opened a project; called from the event loop."""
    global _task
    if not isinstance(get_channel_layer(), InMemoryChannelLayer):
        return
    _open[project] += 1
    if _task is None or _task.done():
        _task = asyncio.create_task(_rounds())


def end(project: UUID) -> None:
    """A browser has left; with the last one the rounds end."""
    global _task
    _open[project] -= 1
    if _open[project] <= 0:
        del _open[project]
    if not _open and _task is not None:
        _told.clear()
        if not _task.get_loop().is_closed():
            _task.cancel()
        _task = None


async def _rounds() -> None:
    since = clock.now()
    while True:
        await asyncio.sleep(SECONDS)
        try:
            now = clock.now()
            for project, message in await database_sync_to_async(news)(list(_open), since):
                await _tell(project, message)
            since = now
        except DatabaseError as error:
            log.warning("could not look at the runs: %s", error)


async def _tell(project: UUID, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(group(project), {"type": "tell", "message": message})


def news(projects: list[UUID], since: datetime) -> list[tuple[UUID, dict[str, Any]]]:
    """What has changed in these projects' runs and was not told yet: (project, message)."""
    moving = Q(state=Run.State.RUNNING) | Q(finished__gte=since - OVERLAP)
    found = []
    rows = Run.objects.filter(moving, project__in=projects).order_by("-created")[:MOST]
    seen = set()
    for run in rows:
        seen.add(run.id)
        mark = (run.state, str(run.progress))
        if run.project is not None and _told.get(run.id) != mark:
            _told[run.id] = mark
            found.append((run.project, run_message(run)))
    for gone in set(_told) - seen:
        del _told[gone]
    return found
