"""A line over days as inline SVG: no script, no font, no address; numbers only, so there is nothing to escape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from backend.reporting.document import Chart, written

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 12, 26
LINES = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A number or a day beside an axis."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template draws: one line, its area, the horizontal rules and the labels."""

    title: str
    line: str
    area: str
    rules: tuple[float, ...]
    labels: tuple[Mark, ...]
    days: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def draw(chart: Chart, currency: str) -> Drawing:
    """Lay a chart out; it needs two points at least."""
    first, last = chart.points[0][0], chart.points[-1][0]
    highest = max(Decimal(value) for _, value in chart.points) or Decimal(1)
    span = (last - first).days or 1

    def place(day: date, value: int | Decimal) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span
        return round(x, 1), _height(Decimal(value) / highest)

    points = [place(day, value) for day, value in chart.points]
    line = " ".join(f"{x},{y}" for x, y in points)
    bottom = _height(Decimal(0))
    steps = [Decimal(number) / LINES for number in range(LINES + 1)]
    middle = first + (last - first) / 2
    return Drawing(
        title=chart.title,
        line=line,
        area=f"{points[0][0]},{bottom} {line} {points[-1][0]},{bottom}",
        rules=tuple(_height(step) for step in steps),
        labels=tuple(
            Mark(LEFT - 8, _height(step) + 4, written(highest * step, chart.format, currency)) for step in steps
        ),
        days=tuple(Mark(place(day, 0)[0], HEIGHT - 8, day.isoformat()) for day in (first, middle, last)),
    )


def _height(part: Decimal) -> float:
    return round(HEIGHT - BOTTOM - float(part) * (HEIGHT - TOP - BOTTOM), 1)
