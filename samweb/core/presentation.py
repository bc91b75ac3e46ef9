"""How a run looks as JSON, in one place for every app that shows one."""

from __future__ import annotations

from typing import Any

from samweb.core.models import Run


def run_json(run: Run) -> dict[str, Any]:
    """One background computation: where it stands, and why it ended."""
    return {
        "id": str(run.pk),
        "kind": run.kind,
        "project": str(run.project) if run.project else None,
        "lane": run.lane,
        "state": run.state,
        "progress": run.progress,
        "attempts": run.attempts,
        "cancelling": run.cancel and run.state == Run.State.RUNNING,
        "error": run.error,
        "result": run.result,
        "created": run.created.isoformat(),
        "started": run.started.isoformat() if run.started else None,
        "finished": run.finished.isoformat() if run.finished else None,
    }


def run_message(run: Run) -> dict[str, Any]:
    """What open browsers are told when a run moves."""
    return {
        "type": "run",
        "id": str(run.pk),
        "kind": run.kind,
        "lane": run.lane,
        "state": run.state,
        "progress": run.progress,
        "error": run.error,
    }
