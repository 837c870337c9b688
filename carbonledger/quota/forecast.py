"""Emissions to the year's end, from the months that are known: simple, exact, and said in words. Amounts in grams.

The interval is no probability: its ends are what the year would be if each remaining month ran, against last year (or
as it is), like the lowest and the highest month so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, assert_never

Method = Literal["complete", "seasonal", "linear", "previous-year"]

MONTHS: Final = 12

FORMULAS: Final[dict[Method, tuple[str, str]]] = {
    "complete": ("all twelve months are known: their sum", "十二个月均已知,取其和"),
    "seasonal": (
        "months known x (last year / the same months of last year)",
        "已知月份合计 x (上年全年 / 上年同期)",
    ),
    "linear": ("months known x 12 / their number", "已知月份合计 x 12 / 月数"),
    "previous-year": ("no month is known yet: last year's emissions", "尚无已知月份,取上年排放量"),
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """A year's emissions; `low` and `high` are None where fewer than two months tell a spread."""

    method: Method
    known: Fraction
    value: Fraction
    low: Fraction | None
    high: Fraction | None

    @property
    def rest(self) -> Fraction:
        """What is yet to be emitted."""
        return self.value - self.known


def forecast(months: Sequence[Fraction], previous: Sequence[Fraction] | None) -> Forecast | None:
    """From the months known, January first, and last year's twelve; None where nothing is known."""
    known, count = sum(months, Fraction(0)), len(months)
    method = _method(count, months, previous)
    match method:
        case None:
            return None
        case "complete":
            return Forecast(method, known, known, known, known)
        case "previous-year":
            assert previous is not None
            return Forecast(method, known, sum(previous, Fraction(0)), None, None)
        case "seasonal":
            assert previous is not None
            weights = list(previous)
        case "linear":
            weights = [Fraction(1)] * MONTHS
        case _:
            assert_never(method)
    so_far, ahead = sum(weights[:count], Fraction(0)), sum(weights[count:], Fraction(0))
    value = known + known * ahead / so_far
    if count < 2:
        return Forecast(method, known, value, None, None)
    ratios = [month / weight for month, weight in zip(months, weights, strict=False)]
    return Forecast(method, known, value, known + min(ratios) * ahead, known + max(ratios) * ahead)


def _method(count: int, months: Sequence[Fraction], previous: Sequence[Fraction] | None) -> Method | None:
    if count == MONTHS:
        return "complete"
    if count == 0:
        return "previous-year" if previous is not None else None
    # a month without emissions last year says nothing of this year's share
    if previous is not None and all(previous[:count]):
        return "seasonal"
    return "linear"
