"""Classical methods under the same prompts as the model: one file each, `build(items)` in it.

`items` are the objects that will be asked for: a yardstick may know their typical size, and nothing
else about them.
"""

from __future__ import annotations

from importlib import import_module

from workers.sam.evaluation import Item, Segmenter

YARDSTICKS = ("grabcut", "disc")


def build(name: str, items: list[Item]) -> Segmenter:
    """The yardstick of that name (one of YARDSTICKS). ImportError when it needs what is not
    installed."""
    if name not in YARDSTICKS:
        raise KeyError(f"There is no yardstick {name!r}; known: {', '.join(YARDSTICKS)}.")
    module = import_module(f"{__name__}.{name}")
    segmenter: Segmenter = module.build(items)
    return segmenter
