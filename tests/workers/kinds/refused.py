from __future__ import annotations

from samweb.core.runs import ActiveRun, Refused


def work(run: ActiveRun) -> None:
    raise Refused("The picture is empty.")
