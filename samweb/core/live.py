"""What other open browsers are told. HTTP writes; the socket only says "seq is now N"."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)


def group(project: UUID | str) -> str:
    """The channel group of everybody who has this project open."""
    return f"project.{project}"


def publish(project: UUID | str, message: dict[str, Any]) -> None:
    """Tell the project's group after this transaction commits. Losing it loses nothing."""

    def send() -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        try:
            async_to_sync(layer.group_send)(group(project), {"type": "tell", "message": message})
        except Exception as error:  # a hint only: a dead channel layer must not fail a save
            log.warning("could not tell project %s: %s", project, error)

    transaction.on_commit(send)
