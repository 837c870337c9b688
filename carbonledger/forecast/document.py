"""The forecast document: whose emission, by month or quarter, and the quotas to hold it against. Parsed once, here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.rational import TONNES, quantity, signed
from carbonledger.forecast.models import METHODS, Method
from carbonledger.forecast.periods import PER_YEAR, Interval, Period

Choice = Method | Literal["auto"]
CHOICES: Final[tuple[str, ...]] = ("auto", *METHODS)
HEAD: Final = ("first", "subject", "unit", "values")
OPTIONAL: Final = ("method", "origins", "quotas")
MOST_YEARS: Final = 20
MOST_ORIGINS: Final = 24


@dataclass(frozen=True, slots=True)
class Quota:
    """What a year's emission is held against: grams, and where the document says so."""

    path: str
    year: int
    amount: int


@dataclass(frozen=True, slots=True)
class Document:
    """`values` in grams, one a period from `first` on; `origins` of the back-test."""

    subject: str
    first: Period
    values: tuple[int, ...]
    method: Choice
    origins: int
    quotas: tuple[Quota, ...]

    @property
    def interval(self) -> Interval:
        """Month or quarter."""
        return self.first.interval

    @property
    def period(self) -> int:
        """Periods of a year."""
        return PER_YEAR[self.interval]

    @property
    def next(self) -> Period:
        """The first period without a value."""
        return self.first.plus(len(self.values))


def parse(node: Node) -> Document:
    """The document; MalformedInput with the path for anything of another form."""
    fields = node.fields(HEAD, OPTIONAL)
    first = Period.parse(fields["first"])
    period = PER_YEAR[first.interval]
    subject = fields["subject"].text(least=1, most=128)
    if not subject.isprintable():
        raise fields["subject"].malformed("control characters", "printable text")
    factor = TONNES[fields["unit"].one_of(tuple(TONNES))]
    items = fields["values"].items(least=period + 1, most=MOST_YEARS * period)
    method: Choice = fields["method"].one_of(CHOICES) if "method" in fields else "auto"  # type: ignore[assignment]
    if method.startswith("holt-winters") and len(items) < 2 * period:
        raise fields["values"].refused("too few values for this method", f"{2 * period} values, two years")
    values = tuple(_grams(item, factor) for item in items)
    if method == "holt-winters-multiplicative" and min(values) <= 0:
        raise fields["values"].refused("a multiplicative season of values that are not above zero", "values above 0")
    quotas = tuple(map(_quota, fields["quotas"].items(most=4))) if "quotas" in fields else ()
    years = [quota.year for quota in quotas]
    if len(set(years)) != len(years):
        raise fields["quotas"].malformed("a year comes twice", "each year once")
    return Document(
        subject=subject,
        first=first,
        values=values,
        method=method,
        origins=fields["origins"].integer(0, MOST_ORIGINS) if "origins" in fields else period,
        quotas=quotas,
    )


def _grams(node: Node, factor: int) -> int:
    value = signed(node) * factor
    if value.denominator != 1:
        raise node.refused("finer than a gram", "a whole number of grams")
    if value < 0:
        raise node.refused("a negative emission", "0 or more", "Removals are another series")
    return value.numerator


def _quota(node: Node) -> Quota:
    fields = node.fields(("amount", "year"))
    amount = quantity(fields["amount"], TONNES)
    if amount.denominator != 1:
        raise fields["amount"].refused("finer than a gram", "a whole number of grams")
    return Quota(node.path, fields["year"].integer(1990, 8999), amount.numerator)
