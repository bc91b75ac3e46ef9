"""Builds the archive of an export."""

from __future__ import annotations

from typing import Any

from samweb.core.runs import ActiveRun
from samweb.exports.services import export_build


def work(run: ActiveRun) -> dict[str, Any] | None:
    """See `samweb.exports.services.export_build`."""
    return export_build(run)
