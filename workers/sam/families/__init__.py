"""The model families: one file (or folder) each, behind one catalogue.

A *family* is code, a *variant* is that code with numbers: `sam` built as `sam-vit-b`. The catalogue
is plain data and needs no torch; `build` imports the family's module, which does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from workers.sam.families.catalogue import VARIANTS, Variant

if TYPE_CHECKING:
    from workers.sam.families.base import PromptableModel

__all__ = ["VARIANTS", "Variant", "build", "variant"]


def variant(name: str) -> Variant:
    """The variant of that name; KeyError with the known names in its message."""
    for entry in VARIANTS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in VARIANTS)
    raise KeyError(f"There is no model {name!r}; known: {known}.")


def build(name: str, **changes: object) -> PromptableModel:
    """A model of this variant with random weights; `changes` override its numbers (tests shrink
    the depth). Needs torch."""
    entry = variant(name)
    module = import_module(f"workers.sam.families.{entry.family}")
    model: PromptableModel = module.build(**{**entry.config, **changes})
    return model
