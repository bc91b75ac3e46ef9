"""Works until the file that the payload names is there."""

from __future__ import annotations

import time

from django.conf import settings

from samweb.core.runs import ActiveRun
from tests.workers.kinds import note


def work(run: ActiveRun) -> None:
    note(run, "began")
    gate = settings.SAMWEB.data_dir / run.payload["gate"]
    rounds = 0
    while not gate.exists():
        run.checkpoint()
        run.progress(rounds := rounds + 1, 1_000_000, "at the gate")
        time.sleep(0.02)
    with run.fenced():
        note(run, "did")
