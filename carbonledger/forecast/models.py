"""The methods: seasonal naive, and Holt-Winters with additive or multiplicative season.

Holt-Winters is that of R's `stats::HoltWinters` (Holt 1957, Winters 1960): level and trend start from a straight line
through the moving average of the first two years, the season from the classical decomposition of them; the first
forecast is that of the second year. Published results of R are the test vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Method = Literal["seasonal-naive", "holt-winters-additive", "holt-winters-multiplicative"]
METHODS: Final[tuple[Method, ...]] = ("seasonal-naive", "holt-winters-additive", "holt-winters-multiplicative")
"""Simplest first: where two do equally well, the earlier one is taken."""
TITLES: Final[dict[Method, tuple[str, str]]] = {
    "seasonal-naive": ("Seasonal naive: the same period of the year before", "季节性朴素法:取上年同期值"),
    "holt-winters-additive": ("Holt-Winters, additive season", "Holt-Winters 加法季节模型"),
    "holt-winters-multiplicative": ("Holt-Winters, multiplicative season", "Holt-Winters 乘法季节模型"),
}

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """The three parameters of Holt-Winters, each from 0 to 1."""

    alpha: Decimal
    beta: Decimal
    gamma: Decimal


@dataclass(frozen=True, slots=True)
class Fitted:
    """A method after the last value: its state, and the errors of its one-step forecasts.

    `season` holds the coming year's terms in order: values for the naive method, summands or factors for Holt-Winters.
    """

    method: Method
    smoothing: Smoothing | None
    level: Decimal
    trend: Decimal
    season: tuple[Decimal, ...]
    residuals: tuple[Decimal, ...]

    @property
    def period(self) -> int:
        """Periods of a year."""
        return len(self.season)

    def ahead(self, h: int) -> Decimal:
        """Forecast of the h-th coming period, from 1."""
        term = self.season[(h - 1) % self.period]
        match self.method:
            case "seasonal-naive":
                return term
            case "holt-winters-additive":
                return self.level + h * self.trend + term
            case "holt-winters-multiplicative":
                return (self.level + h * self.trend) * term

    @property
    def variance(self) -> Decimal:
        """Of the one-step errors: about zero for the naive method (a drift is an error), about their mean else (R)."""
        n = len(self.residuals)
        mean = _ZERO if self.method == "seasonal-naive" else sum(self.residuals, _ZERO) / n
        divisor = n if self.method == "seasonal-naive" else max(n - 1, 1)
        return sum(((r - mean) ** 2 for r in self.residuals), _ZERO) / divisor

    def spread(self, of: int, to: int) -> Decimal:
        """How much of an error in the coming period `of` is in the forecast of period `to` (R's `vars`)."""
        j = to - of
        if j < 0:
            return _ZERO
        if self.smoothing is None:
            return _ONE if j % self.period == 0 else _ZERO
        s = self.smoothing
        psi = _ONE if j == 0 else s.alpha * (1 + j * s.beta) + (s.gamma * (1 - s.alpha) if j % self.period == 0 else 0)
        if self.method == "holt-winters-multiplicative":
            psi *= self.season[(to - 1) % self.period] / self.season[(of - 1) % self.period]
        return psi

    def deviation(self, first: int, last: int) -> Decimal:
        """Standard deviation of the sum of the coming periods `first` to `last`; of one period where they are equal."""
        total = _ZERO
        for of in range(1, last + 1):
            total += sum((self.spread(of, to) for to in range(max(first, of), last + 1)), _ZERO) ** 2
        return (self.variance * total).sqrt()


def least(method: Method, period: int) -> int:
    """How many values a method needs: one year and one value, or two years."""
    return period + 1 if method == "seasonal-naive" else 2 * period


def naive(values: Sequence[Decimal], period: int) -> Fitted:
    """The same period of the year before."""
    residuals = tuple(now - before for now, before in zip(values[period:], values, strict=False))
    return Fitted("seasonal-naive", None, _ZERO, _ZERO, tuple(values[-period:]), residuals)


@dataclass(frozen=True, slots=True)
class Start:
    """Where Holt-Winters begins: level, trend and season at the end of the first year."""

    level: Decimal
    trend: Decimal
    season: tuple[Decimal, ...]


def start(values: Sequence[Decimal], period: int, *, additive: bool) -> Start:
    """From the first two years: moving average, its straight line, the season's means (R's `decompose`)."""
    two = values[: 2 * period]
    half = period // 2
    means: list[Decimal] = []
    for at in range(half, 2 * period - half):
        if period % 2:
            total = sum(two[at - half : at + half + 1], _ZERO)
        else:
            ends = (two[at - half] + two[at + half]) / 2
            total = ends + sum(two[at - half + 1 : at + half], _ZERO)
        means.append(total / period)
    terms: list[list[Decimal]] = [[] for _ in range(period)]
    for at, mean in enumerate(means, start=half):
        terms[at % period].append(two[at] - mean if additive else two[at] / mean)
    figure = [sum(found, _ZERO) / len(found) for found in terms]
    middle = sum(figure, _ZERO) / period
    season = tuple(term - middle if additive else term / middle for term in figure)
    # Least squares through (1, mean 1) … (n, mean n)
    n = len(means)
    centre = Decimal(n + 1) / 2
    average = sum(means, _ZERO) / n
    above = sum(((x - centre) * (mean - average) for x, mean in enumerate(means, start=1)), _ZERO)
    below = sum(((x - centre) ** 2 for x in range(1, n + 1)), _ZERO)
    slope = above / below
    return Start(average - slope * centre, slope, season)


def holt_winters(
    values: Sequence[Decimal], period: int, begun: Start, s: Smoothing, *, additive: bool
) -> Fitted:  # fmt: skip
    """The recursion from the second year on."""
    level, trend = begun.level, begun.trend
    season = list(begun.season)
    residuals = []
    alpha, beta, gamma = s.alpha, s.beta, s.gamma
    rest_a, rest_b, rest_g = _ONE - alpha, _ONE - beta, _ONE - gamma
    for at in range(period, len(values)):
        value, term = values[at], season[at % period]
        before = level
        expected = level + trend
        residuals.append(value - (expected + term if additive else expected * term))
        level = alpha * (value - term if additive else value / term) + rest_a * expected
        trend = beta * (level - before) + rest_b * trend
        season[at % period] = gamma * (value - level if additive else value / level) + rest_g * term
    turn = len(values) % period
    coming = (*season[turn:], *season[:turn])
    method: Method = "holt-winters-additive" if additive else "holt-winters-multiplicative"
    return Fitted(method, s, level, trend, tuple(coming), tuple(residuals))
