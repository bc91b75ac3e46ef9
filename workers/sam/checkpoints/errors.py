"""How this room refuses."""

from __future__ import annotations


class CheckpointError(ValueError):
    """A file that cannot become a bundle; the message says why in one sentence."""
