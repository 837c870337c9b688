"""Sections about series and comparisons: history, two methods, residuals, peers, digits, scores of models."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.code import words
from carbonledger.assessment.rational import decimal, positive, signed
from carbonledger.assessment.statistics import PeerStatistics


@dataclass(frozen=True, slots=True)
class Series:
    """Values in the order of time; `interval` is month or 15min."""

    path: str
    name: str
    interval: str
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the subject's own history: emission t, output, electricity kWh (None where not known)."""

    path: str
    at: int
    emission: Fraction
    output: Fraction
    electricity: Fraction | None


@dataclass(frozen=True, slots=True)
class Pair:
    """The same emission by two methods, per quarter: (quarter, first, second)."""

    path: str
    name: str
    quarters: tuple[tuple[int, Fraction, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of an STL decomposition made elsewhere, in the order of time; `software` names what made them."""

    path: str
    name: str
    period: int
    software: str
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Peers:
    """The subject's emission t and value added 10^4 CNY, and the published statistics of its industry."""

    path: str
    emission: Fraction
    value_added: Fraction
    statistics: PeerStatistics


@dataclass(frozen=True, slots=True)
class Digits:
    """Counts of first digits 1 to 9 and of last digits 0 to 9; None where not counted."""

    first: tuple[int, ...] | None
    last: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Score:
    """A model's score and the percentile of its training that it is held against."""

    path: str
    model: str
    score: Fraction
    threshold: Fraction


def series(node: Node) -> Series:
    """One of `series`."""
    fields = node.fields(("interval", "name", "values"))
    return Series(
        path=node.path,
        name=words.name(fields["name"]),
        interval=fields["interval"].one_of(("month", "15min")),
        values=tuple(decimal(item) for item in fields["values"].items()),
    )


def history(node: Node, last: int) -> tuple[Quarter, ...]:
    """The section `history`, in the order of time; none after `last`."""
    found = []
    for item in node.items(most=200):
        row = item.fields(("emission", "output", "quarter"), ("electricity",))
        electricity = decimal(row["electricity"]) if "electricity" in row else None
        at = words.quarter(row["quarter"])
        found.append(Quarter(item.path, at, decimal(row["emission"]), decimal(row["output"]), electricity))
    _once_until(node, [quarter.at for quarter in found], last)
    return tuple(sorted(found, key=lambda quarter: quarter.at))


def pairs(node: Node, last: int) -> tuple[Pair, ...]:
    """The section `methods`; no quarter after `last`."""
    return tuple(_pair(item, last) for item in node.items(most=100))


def _pair(node: Node, last: int) -> Pair:
    fields = node.fields(("name", "quarters"))
    found = []
    for item in fields["quarters"].items(most=200):
        row = item.fields(("first", "quarter", "second"))
        found.append((words.quarter(row["quarter"]), decimal(row["first"]), positive(row["second"])))
    _once_until(fields["quarters"], [at for at, _, _ in found], last)
    return Pair(node.path, words.name(fields["name"]), tuple(sorted(found)))


def _once_until(node: Node, quarters: list[int], last: int) -> None:
    if len(set(quarters)) != len(quarters) or any(at > last for at in quarters):
        raise node.malformed("quarters", f"each once, none after {last // 4}Q{last % 4 + 1}")


def residuals(node: Node) -> Residuals:
    """One of `residuals`."""
    fields = node.fields(("name", "period", "software", "values"))
    if fields["period"].value not in (4, 12):
        raise fields["period"].malformed("not a seasonal period", "4 or 12")
    return Residuals(
        path=node.path,
        name=words.name(fields["name"]),
        period=fields["period"].integer(4, 12),
        software=words.name(fields["software"]),
        values=tuple(signed(item) for item in fields["values"].items(most=2000)),
    )


def peers(node: Node) -> Peers:
    """The section `peers`."""
    fields = node.fields(("emission", "statistics", "value_added"))
    return Peers(
        node.path,
        positive(fields["emission"]),
        positive(fields["value_added"]),
        PeerStatistics.parse(fields["statistics"]),
    )


def digits(node: Node) -> Digits:
    """The section `digits`."""
    fields = node.fields((), ("first", "last"))

    def counts(name: str, length: int) -> tuple[int, ...] | None:
        if name not in fields:
            return None
        return tuple(item.integer(0, 10**12) for item in fields[name].items(least=length, most=length))

    return Digits(counts("first", 9), counts("last", 10))


def score(node: Node) -> Score:
    """One of `models`."""
    fields = node.fields(("model", "score", "threshold"))
    model = fields["model"].one_of(("isolation-forest", "reconstruction"))
    return Score(node.path, model, signed(fields["score"]), signed(fields["threshold"]))
