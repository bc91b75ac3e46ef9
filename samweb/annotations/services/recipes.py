"""The recipe of a mask: a versioned list of steps, checked before it is kept. Image space only.

A kind of step is one more entry in STEPS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from samweb.annotations.services.checks import (
    Refused,
    count_values,
    flag,
    identifier,
    json_object,
    number,
    one_of,
    optional,
    read,
    text,
    whole,
)
from samweb.masks import polygon, rle
from samweb.projects.models import Image

MAX_STEPS = 1000
MAX_POINTS = 1000
MAX_VALUES = 50_000


def recipe_checked(recipe: Any, image: Image) -> dict[str, Any]:
    """The recipe if it can be kept for this image. Raises Refused."""
    if recipe is None or recipe == {}:
        return {}
    fields = read(recipe, {"version": _version, "steps": _list}, "version", "steps")
    steps = fields["steps"]
    if len(steps) > MAX_STEPS:
        raise Refused(f"has more than {MAX_STEPS} steps.", "bad_recipe")
    if count_values(steps) > MAX_VALUES:
        raise Refused(f"has more than {MAX_VALUES} values.", "bad_recipe")
    for index, step in enumerate(steps):
        kind = step.get("type") if isinstance(step, dict) else None
        if kind not in STEPS or not isinstance(kind, str):
            raise Refused(f"step {index}: type must be one of {', '.join(STEPS)}.", "bad_recipe")
        try:
            STEPS[kind](step, index, image)
        except Refused as refusal:
            code = refusal.code if refusal.code == "out_of_bounds" else "bad_recipe"
            raise Refused(f"step {index}: {refusal.message}", code) from None
    return recipe


def _version(value: Any) -> int:
    if value != 1 or type(value) is not int:
        raise Refused("must be 1.", "bad_recipe")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("must be a list.")
    return value


def _numbers(value: Any) -> list[float]:
    numbers = _list(value)
    if len(numbers) > 64:
        raise Refused("has more than 64 numbers.")
    return [number(-1e9, 1e9)(one) for one in numbers]


def _decode(step: dict[str, Any], index: int, image: Image) -> None:
    fields = read(
        step,
        {
            "type": text(10),
            "bundle": text(64),
            "view": text(120),
            "prompts": lambda value: _prompts(value, image),
            "feedback_from": optional(whole(0, MAX_STEPS)),
            "candidate": whole(0, 63),
            "iou_predictions": _numbers,
            "stability": optional(number(-1e9, 1e9)),
            "threshold": number(-1e9, 1e9),
            "corrected": flag,
            "refined": flag,
        },
        "prompts",
    )
    source = fields.get("feedback_from")
    if source is not None and source >= index:
        raise Refused("feedback_from must name an earlier step.")


def _prompts(value: Any, image: Image) -> dict[str, Any]:
    fields = read(
        value,
        {
            "points": _list,
            "boxes": _list,
            "scribbles": _list,
            "mask_input": lambda given: given,
            "text": optional(text(1000)),
            "exemplars": _list,
        },
    )
    points, boxes = fields.get("points", []), fields.get("boxes", [])
    scribbles = fields.get("scribbles", [])
    if len(points) > MAX_POINTS or len(boxes) > MAX_POINTS or len(scribbles) > MAX_POINTS:
        raise Refused(f"more than {MAX_POINTS} prompts of one kind.")
    for point in points:
        said = read(point, {"x": _any_number, "y": _any_number, "label": whole(0, 1)},
                    "x", "y", "label")  # fmt: skip
        _inside(said["x"], said["y"], image)
    for scribble in scribbles:
        _scribble(scribble, image)
    for box in boxes:
        corners = [_any_number(one) for one in _list(box)]
        if len(corners) != 4:
            raise Refused("a box is [x0, y0, x1, y1].")
        _inside(corners[0], corners[1], image)
        _inside(corners[2], corners[3], image)
        if corners[0] >= corners[2] or corners[1] >= corners[3]:
            raise Refused("a box needs x0 < x1 and y0 < y1.")
    return fields


def _scribble(value: Any, image: Image) -> None:
    said = read(value, {"label": whole(0, 1), "points": _list}, "label", "points")
    if not 1 <= len(said["points"]) <= MAX_POINTS:
        raise Refused(f"a scribble has 1 to {MAX_POINTS} points.")
    for point in said["points"]:
        if not isinstance(point, list) or len(point) != 2:
            raise Refused("a point of a scribble is [x, y].")
        _inside(_any_number(point[0]), _any_number(point[1]), image)


def _any_number(value: Any) -> float:
    # Compared, not converted: a whole number of 400 digits has no float.
    if type(value) not in (int, float) or not -1e9 <= value <= 1e9:
        raise Refused("must be a finite number.")
    return value


def _inside(x: float, y: float, image: Image) -> None:
    if not (0 <= x <= image.width and 0 <= y <= image.height):
        raise Refused(
            f"({x:g}, {y:g}) lies outside the {image.width} x {image.height} image.",
            "out_of_bounds",
        )


def _post(step: dict[str, Any], index: int, image: Image) -> None:
    read(
        step,
        {
            "type": text(10),
            "min_area": number(0, 1e12),
            "fill_holes": _flag_or_number,
            "smooth": _flag_or_number,
            "largest_part": flag,
            "changed": optional(lambda value: _patch(value, image)),
        },
    )


def _flag_or_number(value: Any) -> Any:
    return value if isinstance(value, bool) else number(0, 1e12)(value)


def _paint(step: dict[str, Any], index: int, image: Image) -> None:
    def pixels(value: Any) -> Any:
        said = read(value, {"size": _list, "counts": lambda counts: counts}, "size", "counts")
        if said["size"] != [image.height, image.width]:
            raise Refused("must have the size of the image.")
        try:
            rle.counts_of(said["counts"], image.height, image.width)
        except rle.RleError as error:
            raise Refused(str(error)) from None
        return value

    def outline(value: Any) -> Any:
        try:
            polygon.checked_points(value)
        except polygon.PolygonError as error:
            raise Refused(str(error)) from None
        return value

    read(
        step,
        {
            "type": text(10),
            "add": optional(pixels),
            "remove": optional(pixels),
            "polygon": outline,
            "changed": optional(lambda patch: _patch(patch, image)),
        },
    )


def _patch(value: Any, image: Image) -> Any:
    """The pixels that a step turned over: XOR RLE in a box, so that it can be taken out again."""
    said = read(value, {"bbox": _list, "counts": lambda counts: counts}, "bbox", "counts")
    try:
        where = rle.checked_box(said["bbox"], image.height, image.width)
        rle.counts_of(said["counts"], where[3], where[2])
    except rle.RleError as error:
        raise Refused(str(error)) from None
    return value


def _combine(step: dict[str, Any], index: int, image: Image) -> None:
    def sources(value: Any) -> Any:
        for source in _list(value):
            name, at, version = source.partition("@") if isinstance(source, str) else ("", "", "")
            if not (at and version.isascii() and version.isdigit() and len(version) < 10):
                raise Refused("must be a list of annotation@version.")
            identifier(name)
        return value

    read(
        step,
        {
            "type": text(10),
            "op": one_of("union", "subtract", "intersect", "split", "merge"),
            "sources": sources,
            "region": json_object(1000),
        },
        "op",
        "sources",
    )


STEPS: dict[str, Callable[[dict[str, Any], int, Image], None]] = {
    "decode": _decode,
    "post": _post,
    "paint": _paint,
    "combine": _combine,
}
