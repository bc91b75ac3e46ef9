"""From single objects to figures: means, clicks needed, calibration, and paired differences.

An object is a dict: `ious`, `predicted` and `seconds` by click (the first click first), and, where
they are known, `best_of_3`, `best_of_all` (of the first click's candidates) and `box`. A figure
that nothing is known of is None. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

MAX_CLICKS = 20
TARGETS = (0.85, 0.90)
LOST = 0.3  # an object below this IoU after five clicks is lost
TOLERANCE = 0.02  # a click may cost that much before it counts as a step back
RATED_CLICKS = 5  # calibration looks at these only: later ones exist for hard objects alone
BINS = 10
RESAMPLES = 2000

Objects = Sequence[Mapping[str, Any]]
# In the order of the tables. PAIRED have a value for each object, so that they can be compared.
PAIRED = (
    "miou_1",
    "miou_3",
    "miou_5",
    "best_of_3",
    "best_of_all",
    "box",
    "noc85",
    "noc90",
    "lost_5",
)
FIGURES = (*PAIRED, "steady", "calibration_error", "seconds_per_click")


def of_object(name: str, entry: Mapping[str, Any], max_clicks: int = MAX_CLICKS) -> float | None:
    """One object's value of a PAIRED figure; an object that never gets there counts the cap."""
    ious = entry["ious"]
    if name.startswith("miou_"):
        return float(ious[min(int(name.removeprefix("miou_")), len(ious)) - 1])
    if name.startswith("noc"):
        target = int(name.removeprefix("noc")) / 100
        return float(next((n for n, value in enumerate(ious, 1) if value >= target), max_clicks))
    if name == "lost_5":
        return float(ious[min(5, len(ious)) - 1] < LOST)
    return entry.get(name)


def summary(objects: Objects, max_clicks: int = MAX_CLICKS) -> dict[str, Any]:
    """FIGURES over objects, their number, the calibration's bins, and the objects themselves."""
    figures: dict[str, Any] = {
        name: _mean([of_object(name, entry, max_clicks) for entry in objects]) for name in PAIRED
    }
    pairs = rated(objects)
    gaps = np.abs(pairs[:, 0] - pairs[:, 1])
    return figures | {
        "steady": steady_share(objects),
        "calibration_error": _mean(list(gaps)),
        "seconds_per_click": _mean([s for entry in objects for s in entry.get("seconds", [])]),
        "objects": len(objects),
        "calibration": calibration(pairs),
        "by_object": list(objects),
    }


def steady_share(objects: Objects) -> float | None:
    """The share of clicks, from the second on, after which the IoU is not lower by TOLERANCE."""
    steps = np.concatenate([np.diff(entry["ious"]) for entry in objects] or [np.zeros(0)])
    return _mean(list(steps >= -TOLERANCE))


def rated(objects: Objects) -> np.ndarray:
    """(predicted, true) IoU of the masks shown at the first RATED_CLICKS clicks, float [N,2]."""
    pairs = [
        pair
        for entry in objects
        for pair in list(zip(entry.get("predicted", []), entry["ious"], strict=False))[
            :RATED_CLICKS
        ]
    ]
    return np.array(pairs, np.float64).reshape(-1, 2)


def calibration(pairs: np.ndarray) -> list[dict[str, float]]:
    """A reliability table of (predicted, true) [N,2]: for each tenth of predicted IoU that occurs
    the number of masks, their mean predicted and their mean true IoU (Niculescu-Mizil 2005)."""
    place = np.clip((pairs[:, 0] * BINS).astype(int), 0, BINS - 1)
    table = []
    for index in range(BINS):
        inside = pairs[place == index]
        if len(inside):
            predicted, actual = inside.mean(axis=0)
            table.append(
                {
                    "from": index / BINS,
                    "count": len(inside),
                    "predicted": round(float(predicted), 4),
                    "true": round(float(actual), 4),
                }
            )
    return table


def mean_of_sets(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Each figure's mean over sets, whatever their sizes (the SAM paper's "mean of datasets")."""
    found = {name: _mean([result[name] for result in results.values()]) for name in FIGURES}
    return found | {"objects": sum(result["objects"] for result in results.values())}


def paired_difference(
    name: str,
    first: Mapping[str, Mapping[str, Any]],
    second: Mapping[str, Mapping[str, Any]],
    max_clicks: int = MAX_CLICKS,
) -> tuple[float, float, float] | None:
    """Mean of sets of `second` minus `first` on the same objects, with a 95 % interval.

    A percentile bootstrap (Efron 1979) that draws images, not objects, with replacement within
    each set: objects of one image succeed and fail together. None where one side has no values.
    """
    rng, means, drawn = np.random.default_rng(0), [], []
    for set_name, result in first.items():
        by_image = _differences(
            name, result["by_object"], second[set_name]["by_object"], max_clicks
        )
        if not by_image:
            return None
        sums = np.array([[sum(values), len(values)] for values in by_image.values()])
        chosen = sums[rng.integers(len(sums), size=(RESAMPLES, len(sums)))].sum(axis=1)
        drawn.append(chosen[:, 0] / chosen[:, 1])
        means.append(sums[:, 0].sum() / sums[:, 1].sum())
    if not means:
        return None
    low, high = np.percentile(np.mean(drawn, axis=0), [2.5, 97.5])
    return round(float(np.mean(means)), 4), round(float(low), 4), round(float(high), 4)


def _differences(
    name: str, first: Objects, second: Objects, max_clicks: int
) -> dict[str, list[float]]:
    """Second minus first for each object, by image."""
    by_image: dict[str, list[float]] = {}
    for one, other in zip(first, second, strict=True):
        if (one["image"], one["annotation"]) != (other["image"], other["annotation"]):
            raise ValueError("Only results of the same objects can be compared.")
        before = of_object(name, one, max_clicks)
        after = of_object(name, other, max_clicks)
        if before is not None and after is not None:
            by_image.setdefault(one["image"], []).append(after - before)
    return by_image


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None
