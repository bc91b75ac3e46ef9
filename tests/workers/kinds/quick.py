from __future__ import annotations

from typing import Any

from samweb.core.runs import ActiveRun
from tests.workers.kinds import note


def work(run: ActiveRun) -> dict[str, Any]:
    note(run, "did")
    return {"number": run.payload.get("number")}
