"""What a worker can do: one file per kind of run, named like the kind.

Each has `work(run: ActiveRun) -> dict | None`: it does the run and returns its result. It calls
`run.checkpoint()` at least every few seconds, raises `runs.Refused` for input that cannot be
worked on, and may be run twice: whatever it stores must come out the same. Files are imported
when the first run of their kind arrives, so an idle worker has loaded no model.

A kind whose runs can share one pass over the model has `work_together(runs) -> None` as well,
and `together() -> int`, the most runs it takes at once.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

PACKAGES = [__name__]


def find(kind: str) -> ModuleType | None:
    """The module of a kind, imported now, or None when this worker does not know it."""
    for package in PACKAGES:
        folder = importlib.import_module(package)
        if kind in {module.name for module in pkgutil.iter_modules(folder.__path__)}:
            return importlib.import_module(f"{package}.{kind}")
    return None
