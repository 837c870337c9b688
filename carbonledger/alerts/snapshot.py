"""What is known of one enterprise on one day. A section left out is unknown, and no rule speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import day
from carbonledger.assessment.rational import TONNES, quantity
from carbonledger.forecast.periods import Period

Limit = Literal["quota", "permit"]
LIMITS: Final = ("quota", "permit")
COLOURS: Final = ("green", "red", "grey")
HEAD: Final = ("as_of", "subject")
OPTIONAL: Final = ("codes", "devices", "filings", "limits", "months")


@dataclass(frozen=True, slots=True)
class Filing:
    """A month's evidence: due, and when it came (None: not yet)."""

    month: Period
    due: date
    received: date | None


@dataclass(frozen=True, slots=True)
class Device:
    """A meter and the last day of its calibration."""

    id: str
    calibrated_until: date


@dataclass(frozen=True, slots=True)
class Bound:
    """A quota or a permit of a year, g."""

    kind: Limit
    year: int
    amount: int


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a quarter (text such as 2025Q4), with the rules that made it red."""

    period: str
    colour: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`months`: grams by month, in a row, the last one last."""

    subject: str
    as_of: date
    months: tuple[tuple[Period, int], ...]
    filings: tuple[Filing, ...]
    devices: tuple[Device, ...]
    limits: tuple[Bound, ...]
    codes: tuple[Code, ...]


def parse(node: Node) -> Snapshot:
    """The snapshot; MalformedInput with the path for anything of another form."""
    fields = node.fields(HEAD, OPTIONAL)
    get = fields.get
    return Snapshot(
        subject=_name(fields["subject"]),
        as_of=day(fields["as_of"]),
        months=() if (n := get("months")) is None else _months(n),
        filings=() if (n := get("filings")) is None else tuple(map(_filing, n.items(most=600))),
        devices=() if (n := get("devices")) is None else tuple(map(_device, n.items())),
        limits=() if (n := get("limits")) is None else tuple(map(_bound, n.items(most=20))),
        codes=() if (n := get("codes")) is None else tuple(map(_code, n.items(most=200))),
    )


def _months(node: Node) -> tuple[tuple[Period, int], ...]:
    found: list[tuple[Period, int]] = []
    for item in node.items(most=240):
        row = item.fields(("emission", "month"))
        month = _month(row["month"])
        if found and month != found[-1][0].plus(1):
            raise row["month"].malformed("a month out of row", str(found[-1][0].plus(1)))
        found.append((month, _grams(row["emission"])))
    return tuple(found)


def _month(node: Node) -> Period:
    period = Period.parse(node)
    if period.interval != "month":
        raise node.malformed("not a month", "YYYY-MM")
    return period


def _filing(node: Node) -> Filing:
    row = node.fields(("due", "month"), ("received",))
    return Filing(_month(row["month"]), day(row["due"]), day(row["received"]) if "received" in row else None)


def _device(node: Node) -> Device:
    row = node.fields(("calibrated_until", "id"))
    return Device(_name(row["id"]), day(row["calibrated_until"]))


def _bound(node: Node) -> Bound:
    row = node.fields(("amount", "kind", "year"))
    kind: Limit = row["kind"].one_of(LIMITS)  # type: ignore[assignment]
    return Bound(kind, row["year"].integer(1990, 8999), _grams(row["amount"]))


def _code(node: Node) -> Code:
    row = node.fields(("colour", "period", "reasons"))
    period = Period.parse(row["period"])
    if period.interval != "quarter":
        raise row["period"].malformed("not a quarter", "YYYYQn")
    reasons = tuple(_name(item) for item in row["reasons"].items(most=99))
    return Code(str(period), row["colour"].one_of(COLOURS), reasons)


def _grams(node: Node) -> int:
    value = quantity(node, TONNES)
    if value.denominator != 1:
        raise node.refused("finer than a gram", "a whole number of grams")
    return value.numerator


def _name(node: Node) -> str:
    value = node.text(least=1, most=128)
    if not value.isprintable():
        raise node.malformed("control characters", "printable text")
    return value
