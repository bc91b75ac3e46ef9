"""Turns an uploaded archive into images."""

from __future__ import annotations

from typing import Any

from samweb.core.runs import ActiveRun
from samweb.projects.services import zip_unpack


def work(run: ActiveRun) -> dict[str, Any] | None:
    """See `samweb.projects.services.zip_unpack`."""
    return zip_unpack(run)
