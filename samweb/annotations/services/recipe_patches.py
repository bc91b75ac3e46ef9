"""The wire's short form of a changed recipe: what stays, and what follows it.

`{"keep": n, "steps": [...]}` keeps the first n steps of the recipe as it stands. The first step
after them may say how the painted step in its place changed: `add_patch` and `remove_patch` are
XOR RLE in a box, so that a stroke on a much painted object sends the stroke and not the painting.
"""

from __future__ import annotations

from typing import Any

from samweb.annotations.services.checks import Refused, read, text, whole
from samweb.masks import rle
from samweb.projects.models import Image

MAX_STEPS = 1000


def recipe_patched(before: dict[str, Any], payload: Any, image: Image) -> dict[str, Any]:
    """The recipe after the patch, still to be checked like any other. Raises Refused."""
    fields = read(payload, {"keep": whole(0, MAX_STEPS), "steps": _list}, "keep", "steps")
    old, keep = before.get("steps", []), fields["keep"]
    if keep > len(old):
        raise Refused(f"keeps {keep} steps of a recipe that has {len(old)}.", "bad_recipe")
    new = list(fields["steps"])
    if new and isinstance(new[0], dict) and {"add_patch", "remove_patch"} & set(new[0]):
        if keep == len(old) or old[keep].get("type") != "paint":
            raise Refused(f"step {keep}: there is no painted step to patch.", "bad_recipe")
        new[0] = _painted(old[keep], new[0], image)
    return {"version": 1, "steps": [*old[:keep], *new]}


def _painted(old: dict[str, Any], step: dict[str, Any], image: Image) -> dict[str, Any]:
    checks = {"type": text(10), "add_patch": _any, "remove_patch": _any}
    said = read(step, checks, "type", "add_patch", "remove_patch")
    return {
        "type": "paint",
        "add": _pixels(old.get("add"), said["add_patch"], image),
        "remove": _pixels(old.get("remove"), said["remove_patch"], image),
    }


def _pixels(old: Any, patch: Any, image: Image) -> dict[str, Any] | None:
    height, width = image.height, image.width
    try:
        counts = rle.counts_of(old["counts"] if old else [height * width], height, width)
        if patch is not None:
            said = read(patch, {"bbox": _list, "counts": _any}, "bbox", "counts")
            counts = rle.apply_patch(counts, height, width, said["bbox"], said["counts"])
    except rle.RleError as error:
        raise Refused(str(error), "bad_recipe") from None
    if rle.area(counts) == 0:
        return None
    return {"size": [height, width], "counts": rle.string_of(counts)}


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("must be a list.", "bad_recipe")
    return value


def _any(value: Any) -> Any:
    return value  # checked where the pixels are known
