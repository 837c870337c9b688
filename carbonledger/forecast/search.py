"""Smoothing parameters in hundredths: the least sum of squared one-step errors, found the same way by everybody.

1. every combination of 0.1, 0.3, 0.5, 0.7 and 0.9;
2. from the best of them, steps of 0.10, 0.05, 0.02 and 0.01 along each parameter, as long as one lowers the sum.

A tie is won by whoever came first; combinations come in ascending order. It may end in a local minimum: the back-test
says how good the result is.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import Final

from carbonledger.forecast.models import Fitted, Method, Smoothing, holt_winters, naive, start

COARSE: Final = (10, 30, 50, 70, 90)
STEPS: Final = (10, 5, 2, 1)
_Point = tuple[int, int, int]


def fit(method: Method, values: Sequence[Decimal], period: int) -> Fitted:
    """A method fitted to values (at least `least` of them)."""
    match method:
        case "seasonal-naive":
            return naive(values, period)
        case "holt-winters-additive":
            return _best(values, period, additive=True)
        case "holt-winters-multiplicative":
            return _best(values, period, additive=False)


def _best(values: Sequence[Decimal], period: int, *, additive: bool) -> Fitted:
    begun = start(values, period, additive=additive)
    known: dict[_Point, Decimal] = {}

    def run(point: _Point) -> Fitted:
        return holt_winters(values, period, begun, smoothing(point), additive=additive)

    def cost(point: _Point) -> Decimal:
        if point not in known:
            known[point] = sum((r * r for r in run(point).residuals), Decimal(0))
        return known[point]

    best = min(((a, b, c) for a, b, c in product(COARSE, repeat=3)), key=cost)
    for step in STEPS:
        while True:
            near = min(_neighbours(best, step), key=cost)
            if cost(near) >= cost(best):
                break
            best = near
    return run(best)


def smoothing(point: _Point) -> Smoothing:
    """Hundredths as parameters."""
    alpha, beta, gamma = (Decimal(part) / 100 for part in point)
    return Smoothing(alpha, beta, gamma)


def _neighbours(point: _Point, step: int) -> list[_Point]:
    found = []
    for axis in range(3):
        for way in (-step, step):
            moved = [*point]
            moved[axis] = min(100, max(0, point[axis] + way))
            found.append((moved[0], moved[1], moved[2]))
    return sorted(found)
