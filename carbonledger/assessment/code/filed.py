"""Sections about what was filed and measured: filings, evidence, totals, factors, purchases, tests, meters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.code import words
from carbonledger.assessment.parameters import day
from carbonledger.assessment.rational import decimal, signed


@dataclass(frozen=True, slots=True)
class Month:
    """A month's filing: due, and when it came (None: not yet); `month` counts months from year 0."""

    path: str
    month: int
    due: date
    received: date | None


@dataclass(frozen=True, slots=True)
class Filings:
    """The last twelve months of the quarter's end, and the last annual report due."""

    months: tuple[Month, ...]
    report_year: int
    report_due: date
    report_received: date | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence: digest on the chain, digest of what is kept, what its signature and key are."""

    path: str
    id: str
    anchored: str
    computed: str
    signature: str
    key: str


@dataclass(frozen=True, slots=True)
class Use:
    """Where a document's digest or an invoice's number was used."""

    path: str
    kind: str
    number: str
    place: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Total:
    """A reported amount and the same recomputed, in one unit."""

    path: str
    name: str
    reported: Fraction
    recomputed: Fraction


@dataclass(frozen=True, slots=True)
class Bounds:
    """A factor of the register, and the least and most it may be."""

    least: Fraction
    most: Fraction


@dataclass(frozen=True, slots=True)
class UsedFactor:
    """A factor as it was used."""

    path: str
    id: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class FactorUse:
    """The part of the register that matters, and the factors used."""

    register: dict[str, Bounds]
    used: tuple[UsedFactor, ...]


@dataclass(frozen=True, slots=True)
class Purchases:
    """Quantities of the quarter against invoices or the grid's meter; `annual_emission` in t, None where unknown."""

    annual_emission: Fraction | None
    carriers: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class LabTest:
    """A test of a month's sample (H07)."""

    path: str
    month: int
    sampled: date
    received: date
    tested: date
    reported: date
    original_code: str


@dataclass(frozen=True, slots=True)
class Meter:
    """Readings of one cumulative register: (second, value in Wh); rated power in W."""

    path: str
    id: str
    rated_power: Fraction
    readings: tuple[tuple[str, int, Fraction], ...]


def filings(node: Node, last_month: int) -> Filings:
    """From the section `filings`; `last_month` is the quarter's. A month that nobody had to file yet is left out."""
    fields = node.fields(("annual_report", "months"))
    months = tuple(_month_filing(item) for item in fields["months"].items(most=12))
    numbers = {month.month for month in months}
    if len(numbers) != len(months) or not numbers <= set(range(last_month - 11, last_month + 1)):
        first, last = (f"{m // 12}-{m % 12 + 1:02d}" for m in (last_month - 11, last_month))
        raise fields["months"].malformed("other months", f"months from {first} to {last}, each once at most")
    report = fields["annual_report"].fields(("due", "year"), ("received",))
    return Filings(
        months=months,
        report_year=report["year"].integer(1990, 8999),
        report_due=day(report["due"]),
        report_received=words.day_or_none(report, "received"),
    )


def _month_filing(node: Node) -> Month:
    fields = node.fields(("due", "month"), ("received",))
    return Month(node.path, words.month(fields["month"]), day(fields["due"]), words.day_or_none(fields, "received"))


def evidence(node: Node) -> Evidence:
    """One piece of `evidence`."""
    fields = node.fields(("anchored", "computed", "id", "key", "signature"))
    return Evidence(
        path=node.path,
        id=words.name(fields["id"]),
        anchored=words.digest(fields["anchored"]),
        computed=words.digest(fields["computed"]),
        signature=fields["signature"].one_of(("valid", "invalid")),
        key=fields["key"].one_of(("valid", "revoked")),
    )


def use(node: Node) -> Use:
    """One of `uses`."""
    fields = node.fields(("kind", "number", "period", "subject"), ("loan",))
    place = (
        words.name(fields["subject"]),
        words.name(fields["period"]),
        words.name(fields["loan"]) if "loan" in fields else "",
    )
    return Use(node.path, fields["kind"].one_of(("document", "invoice")), words.name(fields["number"]), place)


def total(node: Node, other: str) -> Total:
    """One amount with the other that it is held against."""
    fields = node.fields(("name", "reported", other))
    return Total(node.path, words.name(fields["name"]), decimal(fields["reported"]), decimal(fields[other]))


def factors(node: Node) -> FactorUse:
    """The section `factors`."""
    fields = node.fields(("register", "used"))
    register: dict[str, Bounds] = {}
    for item in fields["register"].items():
        row = item.fields(("id", "least", "most"))
        name = words.name(row["id"])
        if name in register:
            raise row["id"].malformed("a factor comes twice", "each factor once")
        register[name] = Bounds(decimal(row["least"]), decimal(row["most"]))
        if register[name].most < register[name].least:
            raise row["most"].malformed("less than the least", "at least " + rational.text(register[name].least))
    used = []
    for item in fields["used"].items():
        row = item.fields(("id", "value"))
        used.append(UsedFactor(item.path, words.name(row["id"]), decimal(row["value"])))
    return FactorUse(register, tuple(used))


def purchases(node: Node) -> Purchases:
    """The section `purchases`."""
    fields = node.fields(("carriers",), ("annual_emission",))
    annual = rational.quantity(fields["annual_emission"], rational.TONNES) if "annual_emission" in fields else None
    return Purchases(
        None if annual is None else annual / 10**6,
        tuple(total(item, "invoiced") for item in fields["carriers"].items()),
    )


def test(node: Node) -> LabTest:
    """One of `tests`."""
    fields = node.fields(("month", "original_code", "received", "reported", "sampled", "tested"))
    return LabTest(
        path=node.path,
        month=words.month(fields["month"]),
        sampled=day(fields["sampled"]),
        received=day(fields["received"]),
        tested=day(fields["tested"]),
        reported=day(fields["reported"]),
        original_code=fields["original_code"].one_of(("present", "missing")),
    )


def meter(node: Node) -> Meter:
    """One of `meters`."""
    fields = node.fields(("id", "rated_power", "readings"))
    readings: list[tuple[str, int, Fraction]] = []
    for item in fields["readings"].items():
        row = item.fields(("register", "time"))
        second = words.second(row["time"])
        if readings and second <= readings[-1][1]:
            raise row["time"].malformed("a reading out of order", "a time after the one before")
        readings.append((item.path, second, signed(row["register"])))
    return Meter(node.path, words.name(fields["id"]), decimal(fields["rated_power"]), tuple(readings))
