"""The proposals of one image as bytes: what workers store and browsers read. Pure, no Django.

JSON, because a mask is COCO's counts string already and a hundred of them are some tens of
kilobytes; keys sorted and numbers rounded, so that the same proposals are the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from samweb.masks import rle

VERSION = 1
MOST_PROPOSALS = 5000
MOST_BYTES = 64 * 1024 * 1024
LAST_CANDIDATE = 63  # as a recipe allows
VIEW = re.compile(r"full|\d{1,9}(,\d{1,9}){3}")


class BadProposals(ValueError):
    """Proposals that cannot be kept or read; the message says which and why."""


@dataclass(frozen=True)
class Proposal:
    """A mask that nobody has taken yet, in image space.

    `counts` is COCO's column-major string at image size; `box` is (x0, y0, x1, y1), ends exclusive;
    `point` is the positive click that makes the decoder draw it, `candidate` which answer, and
    `view` what was embedded: "full" or a box "x0,y0,x1,y1" of the image.
    """

    counts: str
    box: tuple[float, float, float, float]
    predicted_iou: float
    stability: float
    area: int
    point: tuple[float, float]
    candidate: int
    view: str = "full"


@dataclass(frozen=True)
class Proposals:
    """All of one image, the best first. `size` is (height, width) in pixels; `threshold` is where
    the logits were cut; `parameters` says how they were looked for."""

    size: tuple[int, int]
    bundle: str
    threshold: float
    parameters: dict[str, Any]
    masks: tuple[Proposal, ...]


def to_bytes(proposals: Proposals) -> bytes:
    """The stored and served form. Raises BadProposals for what `from_bytes` would refuse."""
    document = {
        "version": VERSION,
        "size": list(proposals.size),
        "bundle": proposals.bundle,
        "threshold": proposals.threshold,
        "parameters": proposals.parameters,
        "proposals": [_written(mask) for mask in proposals.masks],
    }
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadProposals(f"the proposals cannot be written: {error}") from None
    content = text.encode()
    from_bytes(content)
    return content


def from_bytes(content: bytes) -> Proposals:
    """Read and check proposals. Raises BadProposals."""
    if len(content) > MOST_BYTES:
        raise BadProposals("the proposals are too large")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise BadProposals("the proposals are not JSON") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise BadProposals(f"only version {VERSION} of proposals is known here")
    size = _size(document.get("size"))
    bundle, parameters = document.get("bundle"), document.get("parameters")
    listed = document.get("proposals")
    if not isinstance(bundle, str) or not isinstance(parameters, dict):
        raise BadProposals("bundle must be a text and parameters an object")
    if not isinstance(listed, list) or len(listed) > MOST_PROPOSALS:
        raise BadProposals(f"proposals must be a list of at most {MOST_PROPOSALS}")
    masks = []
    for index, entry in enumerate(listed):
        try:
            masks.append(_read(entry, size))
        except (BadProposals, rle.RleError) as error:
            raise BadProposals(f"proposal {index}: {error}") from None
    threshold = _number(document.get("threshold"), "threshold", -1e9, 1e9)
    return Proposals(size, bundle, threshold, parameters, tuple(masks))


def _written(mask: Proposal) -> dict[str, Any]:
    return {
        "counts": mask.counts,
        "box": [_rounded(edge) for edge in mask.box],
        "predicted_iou": _rounded(mask.predicted_iou),
        "stability": _rounded(mask.stability),
        "area": int(mask.area),
        "point": [_rounded(at) for at in mask.point],
        "candidate": int(mask.candidate),
        "view": mask.view,
    }


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _read(entry: Any, size: tuple[int, int]) -> Proposal:
    if not isinstance(entry, dict):
        raise BadProposals("must be an object")
    height, width = size
    counts = entry.get("counts")
    if not isinstance(counts, str):
        raise BadProposals("counts must be COCO's text")
    area = rle.area(rle.counts_of(counts, height, width))
    if entry.get("area") != area:
        raise BadProposals(f"its area is {area}, not {entry.get('area')!r}")
    x0, y0, x1, y1 = _numbers(entry.get("box"), "box", (width, height, width, height))
    if not (x0 < x1 and y0 < y1):
        raise BadProposals("box needs x0 < x1 and y0 < y1")
    x, y = _numbers(entry.get("point"), "point", (width, height))
    candidate = entry.get("candidate")
    if type(candidate) is not int or not 0 <= candidate <= LAST_CANDIDATE:
        raise BadProposals(f"candidate must be a whole number from 0 to {LAST_CANDIDATE}")
    view = entry.get("view")
    if not isinstance(view, str) or not VIEW.fullmatch(view):
        raise BadProposals('view must be "full" or a box of whole pixels')
    return Proposal(
        counts, (x0, y0, x1, y1), _number(entry.get("predicted_iou"), "predicted_iou", -1, 2),
        _number(entry.get("stability"), "stability", 0, 1), area, (x, y), candidate, view,
    )  # fmt: skip


def _size(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise BadProposals("size must be [height, width]")
    try:
        rle.checked_size(value[0], value[1])
    except rle.RleError as error:
        raise BadProposals(str(error)) from None
    return value[0], value[1]


def _numbers(value: Any, name: str, ends: Sequence[float]) -> list[float]:
    if not isinstance(value, list) or len(value) != len(ends):
        raise BadProposals(f"{name} must be a list of {len(ends)} numbers")
    return [_number(one, name, 0, end) for one, end in zip(value, ends, strict=True)]


def _number(value: Any, name: str, least: float, most: float) -> float:
    # Compared before it is converted: a whole number of 400 digits has no float.
    if type(value) not in (int, float) or not least <= value <= most or not isfinite(value):
        raise BadProposals(f"{name} must be a number from {least} to {most}")
    return float(value)
