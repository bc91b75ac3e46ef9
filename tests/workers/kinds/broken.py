from __future__ import annotations

from samweb.core.runs import ActiveRun
from tests.workers.kinds import note


def work(run: ActiveRun) -> None:
    note(run, "began")
    raise RuntimeError("no such luck")
