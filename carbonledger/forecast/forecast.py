"""From a series to its forecast: periods to the end of next year, both years' totals, the day the quota is used up.

One pure function. What was measured stays as it is, to the gram; what is forecast is rounded once, when it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.forecast import document as documents
from carbonledger.forecast.arithmetic import LEVELS, QUANTILE, exactly, grams, places
from carbonledger.forecast.backtest import BackTest, all_methods
from carbonledger.forecast.document import Document, Quota
from carbonledger.forecast.models import METHODS, TITLES, Fitted, Method, least
from carbonledger.forecast.periods import Period
from carbonledger.forecast.search import fit

WARNINGS: Final = {
    "short": ("fewer than three years: the season is known from one or two of them", "序列不足三年,季节性依据不足"),
    "untested": ("too few values for a back-test of the method", "数据不足,未能回测所用方法"),
    "narrow": (
        "in the back-test fewer values lay within the intervals than these say",
        "回测中落入区间的比例低于名义水平",
    ),
    "below-zero": ("a forecast below zero is told as zero", "预测值为负处按零给出"),
    "normal": (
        "intervals take one-step errors as normal and independent, and the method as right",
        "区间假设单步误差服从正态且相互独立,且模型成立",
    ),
}


@dataclass(frozen=True, slots=True)
class Range:
    """A forecast in grams, and its intervals by level: (low, high). Nothing is below zero."""

    value: int
    intervals: dict[int, tuple[int, int]]

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        return {
            "intervals": {
                str(level): {"high": str(high), "low": str(low)} for level, (low, high) in self.intervals.items()
            },
            "unit": "g",
            "value": str(self.value),
        }


@dataclass(frozen=True, slots=True)
class Coming:
    """One period to come."""

    period: Period
    range: Range


@dataclass(frozen=True, slots=True)
class YearEnd:
    """A year's total: what is known of it, and the total with its interval."""

    year: int
    known_periods: int
    known: int
    total: Range


@dataclass(frozen=True, slots=True)
class Outlook:
    """A quota against the year's course: the day it is used up by the forecast, and by the 80 % interval's ends."""

    quota: Quota
    total: Range
    day: date | None
    earliest: date | None
    latest: date | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole answer."""

    document: Document
    fitted: Fitted
    coming: tuple[Coming, ...]
    years: tuple[YearEnd, ...]
    outlooks: tuple[Outlook, ...]
    backtests: tuple[BackTest, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        method, smoothing = self.fitted.method, self.fitted.smoothing
        return {
            "backtest": [test.to_json() for test in self.backtests],
            "first": str(self.document.first),
            "interval": self.document.interval,
            "method": {
                "chosen": "auto" if self.document.method == "auto" else "asked",
                "key": method,
                "parameters": {}
                if smoothing is None
                else {name: places(getattr(smoothing, name), 2) for name in ("alpha", "beta", "gamma")},
                "title": _both(TITLES[method]),
            },
            "observed": len(self.document.values),
            "periods": [{"period": str(one.period)} | one.range.to_json() for one in self.coming],
            "quotas": [_outlook_json(outlook) for outlook in self.outlooks],
            "subject": self.document.subject,
            "v": 1,
            "warnings": [{"code": code, "text": _both(WARNINGS[code])} for code in self.warnings],
            "years": [
                {
                    "known": {"unit": "g", "value": str(end.known)},
                    "known_periods": end.known_periods,
                    "total": end.total.to_json(),
                    "year": end.year,
                }
                for end in self.years
            ],
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())


def forecast(raw: bytes | Node) -> Forecast:
    """The forecast of a document (its JSON bytes, or the parsed node); MalformedInput and RefusedInput carry paths."""
    document = documents.parse(raw if isinstance(raw, Node) else inputs.parse(raw))
    with exactly():
        return of(document)


def of(document: Document) -> Forecast:
    """The forecast of a parsed document, within `exactly`."""
    values = [Decimal(value) for value in document.values]
    tests = all_methods(values, document.period, document.origins)
    method = _choose(document, tests)
    fitted = fit(method, values, document.period)
    last = Period(document.interval, (document.next.year + 2) * document.period - 1)
    horizon = last.number - document.next.number + 1
    coming = tuple(
        Coming(document.next.plus(h - 1), _range(fitted.ahead(h), fitted.deviation(h, h), 0))
        for h in range(1, horizon + 1)
    )
    years = tuple(_year_end(document, fitted, year) for year in (document.next.year, document.next.year + 1))
    clipped = any(fitted.ahead(h) < 0 for h in range(1, horizon + 1))
    untested = method not in {test.method for test in tests}
    short = len(values) < 3 * document.period
    narrow = any(
        100 * test.inside[level] < level * test.points for test in tests if test.method == method for level in LEVELS
    )
    said = (("short", short), ("untested", untested), ("narrow", narrow), ("below-zero", clipped), ("normal", True))
    return Forecast(
        document=document,
        fitted=fitted,
        coming=coming,
        years=years,
        outlooks=tuple(_outlook(document, fitted, quota) for quota in document.quotas),
        backtests=tests,
        warnings=tuple(code for code, holds in said if holds),
    )


def _choose(document: Document, tests: Sequence[BackTest]) -> Method:
    """The one asked for; else that of the least mean absolute error, the simpler one of equals."""
    if document.method != "auto":
        return document.method
    if tests:
        return min(tests, key=lambda test: (test.error, METHODS.index(test.method))).method
    usable = [m for m in METHODS[:2] if len(document.values) >= least(m, document.period)]
    return usable[-1]


def _range(value: Decimal, deviation: Decimal, known: int) -> Range:
    ends = {}
    for level in LEVELS:
        reach = QUANTILE[level] * deviation
        ends[level] = (known + max(0, grams(value - reach)), known + max(0, grams(value + reach)))
    return Range(known + max(0, grams(value)), ends)


def _year_end(document: Document, fitted: Fitted, year: int) -> YearEnd:
    """Known periods of the year as they are, the others as forecast; an error of one month is in those after it too."""
    begins = year * document.period
    known = [
        value for at, value in enumerate(document.values, start=document.first.number) if at // document.period == year
    ]
    first, last = max(begins, document.next.number), begins + document.period - 1
    before = document.next.number - 1
    steps = (first - before, last - before)
    total = sum((max(fitted.ahead(h), Decimal(0)) for h in range(steps[0], steps[1] + 1)), Decimal(0))
    return YearEnd(year, len(known), sum(known), _range(total, fitted.deviation(*steps), sum(known)))


def _outlook(document: Document, fitted: Fitted, quota: Quota) -> Outlook:
    year, period = quota.year, document.period
    if year not in (document.next.year, document.next.year + 1):
        raise inputs.RefusedInput(
            inputs.member(quota.path, "year"),
            "a quota of another year than those that are forecast",
            expected=f"{document.next.year} or {document.next.year + 1}",
            found=year,
        )
    if document.first.number > year * period:
        raise inputs.RefusedInput(
            inputs.member(quota.path, "year"),
            "the series begins within the year of the quota",
            expected=f"a series from {Period(document.interval, year * period)} or before",
            found=document.first,
        )
    begins = Period(document.interval, year * period)
    known = [v for at, v in enumerate(document.values, start=document.first.number) if at // period == year]
    central, low, high = [[Decimal(value) for value in known] for _ in range(3)]
    before = document.next.number - 1
    first = max(begins.number, document.next.number) - before
    course: list[list[Decimal]] = [[Decimal(0)], [Decimal(0)], [Decimal(0)]]
    for h in range(first, begins.number + period - before):
        # The ends of the interval of the sum so far, as steps of it
        total = course[0][-1] + max(fitted.ahead(h), Decimal(0))
        reach = QUANTILE[80] * fitted.deviation(first, h)
        for line, value in zip(course, (total, total - reach, total + reach), strict=True):
            line.append(max(value, line[-1]))
    for line, steps in zip((central, low, high), course, strict=True):
        line += [after - now for now, after in pairwise(steps)]
    return Outlook(
        quota=quota,
        total=_year_end(document, fitted, year).total,
        day=_used_up(begins, central, quota.amount),
        earliest=_used_up(begins, high, quota.amount),
        latest=_used_up(begins, low, quota.amount),
    )


def _used_up(begins: Period, values: Sequence[Decimal], amount: int) -> date | None:
    """The day on which the sum passes the amount, each period's emission spread evenly over its days; None: never."""
    total = Decimal(0)
    for at, value in enumerate(values):
        if total + value > amount:
            period = begins.plus(at)
            return period.day(int((amount - total) * period.days // value))
        total += value
    return None


def _outlook_json(outlook: Outlook) -> dict[str, Any]:
    days = {"earliest": outlook.earliest, "latest": outlook.latest, "used_up": outlook.day}
    return {
        "amount": {"unit": "g", "value": str(outlook.quota.amount)},
        "balance": {"unit": "g", "value": str(outlook.quota.amount - outlook.total.value)},
        "total": outlook.total.to_json(),
        "year": outlook.quota.year,
    } | {name: None if day is None else day.isoformat() for name, day in days.items()}


def _both(title: tuple[str, str]) -> dict[str, str]:
    return {"en": title[0], "zh": title[1]}
