"""The back-test: what each method would have said at the last origins, against what came (rolling origin).

At each origin a method is fitted again on what was known then. An origin's forecasts run for a year at most, to the
last value known now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from carbonledger.forecast.arithmetic import LEVELS, QUANTILE, grams, places
from carbonledger.forecast.models import METHODS, TITLES, Method, least
from carbonledger.forecast.search import fit


@dataclass(frozen=True, slots=True)
class BackTest:
    """Errors of one method. `error` is the mean absolute one in g, `relative` its mean share of the value (None where
    a value was zero); `inside` counts, by level, the values within the interval, of `points`."""

    method: Method
    origins: int
    points: int
    error: Decimal
    relative: Decimal | None
    inside: dict[int, int]

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        return {
            "coverage": {str(level): {"inside": self.inside[level], "of": self.points} for level in LEVELS},
            "mae": {"unit": "g", "value": str(grams(self.error))},
            "mape": None if self.relative is None else places(self.relative, 6),
            "method": self.method,
            "origins": self.origins,
            "points": self.points,
            "title": dict(zip(("en", "zh"), TITLES[self.method], strict=True)),
        }


def backtest(method: Method, values: Sequence[Decimal], period: int, first: int) -> BackTest:
    """Origins from `first` values on to the last but one: the method must have enough of them there."""
    errors: list[Decimal] = []
    shares: list[Decimal | None] = []
    inside = dict.fromkeys(LEVELS, 0)
    for origin in range(first, len(values)):
        fitted = fit(method, values[:origin], period)
        for h, actual in enumerate(values[origin : origin + period], start=1):
            error = abs(fitted.ahead(h) - actual)
            deviation = fitted.deviation(h, h)
            errors.append(error)
            shares.append(None if actual == 0 else error / abs(actual))
            for level in LEVELS:
                inside[level] += error <= QUANTILE[level] * deviation
    known = [share for share in shares if share is not None]
    return BackTest(
        method=method,
        origins=len(values) - first,
        points=len(errors),
        error=sum(errors, Decimal(0)) / len(errors),
        relative=sum(known, Decimal(0)) / len(known) if len(known) == len(shares) else None,
        inside=inside,
    )


def all_methods(values: Sequence[Decimal], period: int, origins: int) -> tuple[BackTest, ...]:
    """Each method that can be tested on these values, all at the same origins, `origins` of them at most.

    A multiplicative season needs values above zero.
    """
    usable = [m for m in METHODS if least(m, period) < len(values)]
    usable = [m for m in usable if m != "holt-winters-multiplicative" or min(values) > 0]
    first = max((least(m, period) for m in usable), default=len(values))
    first = max(first, len(values) - origins)
    return tuple(backtest(m, values, period, first) for m in usable) if first < len(values) else ()
