"""Kills its worker, as running out of memory does."""

from __future__ import annotations

import os
import signal

from samweb.core.runs import ActiveRun
from tests.workers.kinds import note


def work(run: ActiveRun) -> None:
    note(run, "began")
    os.kill(os.getpid(), signal.SIGKILL)
