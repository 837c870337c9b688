"""A bar chart of twelve months as plain numbers for an inline SVG; the table beside it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 76, 8, 16, 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One month: place in the picture, and what it says."""

    month: int
    x: float
    y: float
    width: float
    height: float
    centre: float
    late: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: place, and value in the larger unit."""

    y: float
    value: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture; `width` and `height` are those of the view box."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def chart(values: Sequence[int], late: Sequence[bool], shift: int) -> Chart:
    """The chart of twelve values in base units; `shift` decimal places make the larger unit."""
    top = nice(Decimal(max((*values, 1))).scaleb(-shift))
    room = HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / 12
    bars = []
    for at, (value, is_late) in enumerate(zip(values, late, strict=True)):
        height = round(float(Decimal(value).scaleb(-shift) / top) * room, 2)
        x = LEFT + at * step
        bars.append(
            Bar(
                at + 1,
                round(x + step * 0.18, 2),
                round(HEIGHT - BOTTOM - height, 2),
                round(step * 0.64, 2),
                height,
                round(x + step / 2, 2),
                is_late,
            )
        )
    ticks = [Tick(round(HEIGHT - BOTTOM - room * part / 4, 2), top * part / 4) for part in range(5)]
    return Chart(bars, ticks)


def nice(value: Decimal) -> Decimal:
    """The next round number (1, 2, 4, 5, 6, 8 or 10 times a power of ten) that is not below the value."""
    power = Decimal(1).scaleb(value.adjusted())
    return next(
        step * power for step in map(Decimal, ("1", "1.2", "1.6", "2", "4", "6", "8", "10")) if step * power >= value
    )
