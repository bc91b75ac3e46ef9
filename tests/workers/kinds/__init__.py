"""Kinds of runs that only the suites know."""

from __future__ import annotations

import os

from django.conf import settings

from samweb.core.runs import ActiveRun


def note(run: ActiveRun, what: str) -> None:
    """Leave a line that outlives the process: what happened to which run, in which process."""
    line = f"{what} {run.id} {os.getpid()}\n".encode()
    handle = os.open(settings.SAMWEB.data_dir / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, line)
    os.close(handle)
