"""A run's log: JSON lines beside its checkpoint (`log.jsonl`), which the model card's curves show.

A line is either the beginning of a sitting, {"begins": recipe, "minutes", "rate", "step"}, or a
report, {"step", "share" of the time, "size" in pixels, "images" seen, "loss", "iou" of the last
masks, "images_per_second"}; loss and IoU are means over the steps since the last report.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = "log.jsonl"


class RunLog:
    """The log in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def begin(self, recipe: str, minutes: float, rate: float, step: int) -> None:
        """A sitting that starts at `step`: what an earlier one did after its last checkpoint was
        lost, so its lines go too. Step 0 starts the log afresh."""
        kept = [line for line in self.lines() if line["step"] <= step] if step else []
        kept.append({"begins": recipe, "minutes": minutes, "rate": rate, "step": step})
        part = self.path.with_suffix(".part")
        part.write_text("".join(f"{json.dumps(line)}\n" for line in kept), encoding="utf-8")
        part.replace(self.path)

    def write(self, line: dict[str, Any]) -> None:
        """One more report."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")

    def lines(self) -> list[dict[str, Any]]:
        """All lines; one that a kill cut short is left out."""
        if not self.path.is_file():
            return []
        found = []
        for text in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(text))
            except ValueError:
                continue
        return found
