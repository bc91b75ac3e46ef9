"""What `manage.py evaluate` prints and draws of a comparison (comparison.compare's result)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workers.sam.chart import COLOURS, Chart
from workers.sam.comparison import better_of
from workers.sam.figures import BINS, FIGURES, PAIRED

HEADS = {
    "miou_1": "1",
    "miou_3": "3",
    "miou_5": "5",
    "best_of_3": "best3",
    "best_of_all": "best",
    "box": "box",
    "noc85": "NoC85",
    "noc90": "NoC90",
    "lost_5": "lost",
    "steady": "steady",
    "calibration_error": "calib",
    "seconds_per_click": "s/click",
}
LEGEND = (
    "1, 3, 5: mIoU after so many clicks; best3, best: the first click's best of the three readings "
    "and of all masks; lost: share below IoU 0.3 after 5 clicks; steady: share of clicks that do "
    "not cost more than 0.02; calib: mean |predicted - true IoU| over the first five clicks."
)


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """Lines: every method on every set, then the means of sets."""
    methods = found["methods"]
    wide = max(len(name) for name in methods)
    sets = list(next(iter(methods.values()))["sets"])
    long = max(len(name) for name in [*sets, "mean of sets"])
    heads = " ".join(f"{HEADS[name]:>7}" for name in FIGURES)
    yield f"{'set':{long}} {'method':{wide}} {'n':>5} {heads}"
    for set_name in sets:
        for name, result in methods.items():
            row = _row(result["sets"][set_name])
            yield f"{set_name:{long}} {name:{wide}} {row}"
    if len(sets) > 1:
        for name, result in methods.items():
            yield f"{'mean of sets':{long}} {name:{wide}} {_row(result['mean'])}"
    yield LEGEND


def _row(figures: Mapping[str, Any]) -> str:
    return f"{figures['objects']:5} " + " ".join(f"{_cell(figures[name])}" for name in FIGURES)


def _cell(value: float | None) -> str:
    return f"{'-':>7}" if value is None else f"{value:7.3f}" if value < 2 else f"{value:7.2f}"


def differences(found: Mapping[str, Any]) -> Iterator[str]:
    """Lines: each further method minus the first one, with 95 % intervals."""
    first = next(iter(found["methods"]))
    for name, by_figure in found["differences"].items():
        yield f"{name} minus {first} (mean of sets, paired, 95 % interval):"
        for figure in PAIRED:
            if by_figure[figure] is not None:
                middle, low, high = by_figure[figure]
                yield f"  {figure:12} {middle:+.4f}  ({low:+.4f} .. {high:+.4f})"


def leads(found: Mapping[str, Any], yardsticks: Sequence[str]) -> Iterator[str]:
    """Lines: how far each bundle is ahead of the better yardstick of each set, at one click."""
    classical = [found["methods"][name] for name in yardsticks]
    floor = better_of(classical, "miou_1")
    for name, result in found["methods"].items():
        if floor is not None and name not in yardsticks:
            picked = result["mean"]["miou_1"] - floor
            best = result["mean"]["best_of_3"] - floor
            yield (
                f"{name} at one click against the better of {' and '.join(yardsticks)} "
                f"({floor:.3f}): picked {picked:+.3f}, best of three {best:+.3f}"
            )


def draw_reliability(found: Mapping[str, Any], path: Path) -> None:
    """A reliability diagram of every method that rates its masks, all sets together, as PNG.

    A dot for each tenth of predicted IoU, over the mean true IoU of its masks; bars show how many
    masks the first method put there. On the diagonal a rating means what it says.
    """
    labels = ("predicted IoU", "true IoU")
    chart = Chart("Reliability of predicted IoU", (0, 1), (0, 1), labels, (560, 560))
    lines = {
        name: pooled
        for name, result in found["methods"].items()
        if (pooled := _pooled([each["calibration"] for each in result["sets"].values()]))
    }
    for bins in list(lines.values())[:1]:
        most = sum(entry["count"] for entry in bins)
        bars = [(entry["from"] + 0.5 / BINS, entry["count"] / most) for entry in bins]
        chart.bars(bars, 0.9 / BINS, "#dbeafe")
    chart.line([(0, 0), (1, 1)], "#9ca3af")
    for colour, (name, bins) in zip(COLOURS, lines.items(), strict=False):
        chart.line([(each["predicted"], each["true"]) for each in bins], colour, name, dots=True)
    chart.save(path)


def _pooled(tables: Sequence[Sequence[Mapping[str, float]]]) -> list[dict[str, float]]:
    """Several sets' reliability tables as one."""
    merged: dict[float, dict[str, float]] = {}
    for entry in (entry for table in tables for entry in table):
        old = merged.setdefault(
            entry["from"], {"from": entry["from"], "count": 0, "predicted": 0.0, "true": 0.0}
        )
        total = old["count"] + entry["count"]
        for name in ("predicted", "true"):
            old[name] = (old[name] * old["count"] + entry[name] * entry["count"]) / total
        old["count"] = total
    return [merged[start] for start in sorted(merged)]
