"""A bar chart of some years as plain numbers for an inline SVG; the table beside it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from api.pages.chart import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, Tick, nice

TONNES = 6  # decimal places from grams
WIDE = 118


@dataclass(frozen=True, slots=True)
class YearBar:
    """One year: place in the picture, and what it says in grams."""

    label: int
    value: int
    x: float
    y: float
    width: float
    height: float
    centre: float


@dataclass(frozen=True, slots=True)
class YearChart:
    """The picture; ticks in tonnes."""

    bars: Sequence[YearBar]
    ticks: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = WIDE
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def bars_of_years(values: Sequence[tuple[int, int]]) -> YearChart:
    """The chart of (year, grams)."""
    top = nice(Decimal(max((value for _, value in values), default=1) or 1).scaleb(-TONNES))
    room = HEIGHT - TOP - BOTTOM
    step = (WIDTH - WIDE - RIGHT) / max(len(values), 1)
    bars = []
    for at, (label, value) in enumerate(values):
        height = round(float(Decimal(value).scaleb(-TONNES) / top) * room, 2)
        x = WIDE + at * step
        bars.append(
            YearBar(
                label,
                value,
                round(x + step * 0.2, 2),
                round(HEIGHT - BOTTOM - height, 2),
                round(step * 0.6, 2),
                height,
                round(x + step / 2, 2),
            )
        )
    ticks = [Tick(round(HEIGHT - BOTTOM - room * part / 4, 2), top * part / 4) for part in range(5)]
    return YearChart(bars, ticks)
