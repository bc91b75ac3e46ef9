"""The curves of a run for its model card: `python -m workers.sam.training.curves RUN`."""

from __future__ import annotations

import argparse
from pathlib import Path

from workers.sam.chart import COLOURS, Chart, Range, round_up, save_stacked
from workers.sam.training.log import RunLog


def draw(run: Path, out: Path) -> None:
    """Loss and IoU over images seen, one line for each input size, as one PNG.

    Raises ValueError when the run's log holds no report yet.
    """
    lines = [line for line in RunLog(run).lines() if "loss" in line]
    if not lines:
        raise ValueError(f"{run} holds no log with a report in it.")
    seen = (0.0, round_up(lines[-1]["images"]))
    losses = [line["loss"] for line in lines]
    scales: dict[str, Range] = {"loss": (0.0, round_up(max(losses))), "iou": (0.0, 1.0)}
    titles = {"loss": "Loss", "iou": "IoU of a conversation's last masks"}
    charts = []
    for name, scale in scales.items():
        chart = Chart(titles[name], seen, scale, ("images seen", "mean over 50 steps"))
        sizes = sorted({line["size"] for line in lines})
        for colour, size in zip(COLOURS * len(sizes), sizes, strict=False):
            points = [(line["images"], line[name]) for line in lines if line["size"] == size]
            chart.line(points, colour, f"{size} px")
        charts.append(chart)
    save_stacked(charts, out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the folder that train wrote with --out")
    parser.add_argument("--out", type=Path, help="RUN/curves.png by default")
    options = parser.parse_args()
    out = options.out or options.run / "curves.png"
    try:
        draw(options.run, out)
    except ValueError as problem:
        raise SystemExit(str(problem)) from None
    print(out)


if __name__ == "__main__":
    main()
