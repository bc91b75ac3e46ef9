"""Plain charts drawn with Pillow: axes, lines, dots and bars, enough for a model card.

Points are (x, y) in the units of the axes; what lies outside the axes is drawn at their edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Range = tuple[float, float]
COLOURS = ("#2563eb", "#d97706", "#059669", "#be185d", "#7c3aed", "#475569")
INK, FAINT, PAPER = "#1f2937", "#e5e7eb", "#ffffff"
LEFT, RIGHT, TOP, BOTTOM = 72, 24, 48, 56
TICKS = 5


class Chart:
    """One pair of axes, 720 x 420 pixels unless told otherwise."""

    def __init__(
        self,
        title: str,
        x: Range,
        y: Range,
        labels: tuple[str, str],
        size: tuple[int, int] = (720, 420),
    ) -> None:
        self.x, self.y, self.size = _widened(x), _widened(y), size
        self.picture = Image.new("RGB", size, PAPER)
        self.draw = ImageDraw.Draw(self.picture)
        self.font = ImageFont.load_default(13)
        self.names = 0
        self._frame(title, labels)

    def line(
        self, points: Sequence[Point], colour: str, name: str = "", dots: bool = False
    ) -> None:
        """Join points; a name enters the legend."""
        places = [self._place(point) for point in points]
        if len(places) > 1:
            self.draw.line(places, fill=colour, width=2)
        for across, down in places if dots else []:
            self.draw.ellipse((across - 4, down - 4, across + 4, down + 4), fill=colour)
        if name:
            self._enter(colour, name)

    def bars(self, points: Sequence[Point], width: float, colour: str) -> None:
        """Bars from the bottom up to each point, `width` in units of x."""
        for across, up in points:
            left, top = self._place((across - width / 2, up))
            right, bottom = self._place((across + width / 2, self.y[0]))
            self.draw.rectangle((left, min(top, bottom), right, bottom), fill=colour)

    def save(self, path: Path) -> None:
        """As PNG."""
        self.picture.save(path, format="PNG")

    def _place(self, point: Point) -> Point:
        across = (min(max(point[0], self.x[0]), self.x[1]) - self.x[0]) / (self.x[1] - self.x[0])
        up = (min(max(point[1], self.y[0]), self.y[1]) - self.y[0]) / (self.y[1] - self.y[0])
        width, height = self.size
        return LEFT + across * (width - LEFT - RIGHT), height - BOTTOM - up * (
            height - TOP - BOTTOM
        )

    def _frame(self, title: str, labels: tuple[str, str]) -> None:
        for index in range(TICKS + 1):
            x = self.x[0] + (self.x[1] - self.x[0]) * index / TICKS
            y = self.y[0] + (self.y[1] - self.y[0]) * index / TICKS
            (across, bottom), (left, down) = (
                self._place((x, self.y[0])),
                self._place((self.x[0], y)),
            )
            self.draw.line((across, TOP, across, bottom), fill=FAINT)
            self.draw.line((left, down, self.size[0] - RIGHT, down), fill=FAINT)
            self._text((across, bottom + 6), _short(x), "mt")
            self._text((left - 8, down), _short(y), "rm")
        corner = (LEFT, TOP, self.size[0] - RIGHT, self.size[1] - BOTTOM)
        self.draw.rectangle(corner, outline=INK)
        self._text((LEFT, 12), title, "lt", 16)
        self._text(((LEFT + self.size[0] - RIGHT) / 2, self.size[1] - 10), labels[0], "ms")
        self._text((LEFT, TOP - 6), labels[1], "ls", 11)

    def _enter(self, colour: str, name: str) -> None:
        down = TOP + 14 + 18 * self.names
        self.names += 1
        self.draw.line((LEFT + 12, down, LEFT + 34, down), fill=colour, width=3)
        self._text((LEFT + 40, down), name, "lm")

    def _text(self, place: Point, text: str, anchor: str, points: int = 0) -> None:
        font = ImageFont.load_default(points) if points else self.font
        self.draw.text(place, text, fill=INK, font=font, anchor=anchor)


def save_stacked(charts: Sequence[Chart], path: Path) -> None:
    """Charts of one width below each other, as one PNG."""
    width = max(chart.size[0] for chart in charts)
    sheet = Image.new("RGB", (width, sum(chart.size[1] for chart in charts)), PAPER)
    down = 0
    for chart in charts:
        sheet.paste(chart.picture, (0, down))
        down += chart.size[1]
    sheet.save(path, format="PNG")


def round_up(value: float) -> float:
    """The next short number, so that ticks are numbers people use."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    short = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(step * power for step in short if step * power >= value * 0.9999)


def _widened(limits: Range) -> Range:
    """A range that is not empty."""
    return limits if limits[1] > limits[0] else (limits[0], limits[0] + 1.0)


def _short(value: float) -> str:
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:.3g}M"
    if abs(value) >= 10_000:
        return f"{value / 1000:.3g}k"
    return f"{value:.3g}"
