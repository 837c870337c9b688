"""What a project monitored, parsed once at the door: the stretches of each meter tile the period, each has evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.errors import Unknown
from carbonledger.reduction import library
from carbonledger.reduction.methodology import Measure, Methodology, Parameter

CHINA: Final = timezone(timedelta(hours=8))
FUELS: Final = ("coal", "gas")
MAX_STRETCHES: Final = 1_000
DAY: Final = timedelta(days=1)
HEX: Final = frozenset("0123456789abcdef")

ELECTRICITY: Final[dict[str, int]] = {"Wh": 1, "kWh": 10**3, "MWh": 10**6, "GWh": 10**9}
HEAT: Final[dict[str, int]] = {"kJ": 1, "MJ": 10**3, "GJ": 10**6, "TJ": 10**9}
VOLUMES: Final[dict[str, int]] = {"m3": 1, "10^4m3": 10_000}
"""At 20 °C and 101.325 kPa."""
BASE: Final[dict[Measure, str]] = {"electricity": "Wh", "heat": "kJ", "methane": "g"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """One meter over some days (both included): a quantity in its base unit, and the digest of what proves it."""

    meter: str
    first: date
    last: date
    amount: Fraction
    registers: tuple[Fraction, Fraction] | None
    evidence: str

    def to_json(self) -> dict[str, Any]:
        """As in a result."""
        return {
            "amount": rational.text(self.amount),
            "evidence": self.evidence,
            "from": self.first.isoformat(),
            "meter": self.meter,
            "to": self.last.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Monitored:
    """A project's period: days from `first` to `last`, what was metered, leakage in g with its evidence."""

    methodology: Methodology
    project: str
    first: date
    last: date
    om: Parameter
    bm: Parameter
    region: str
    baseline: str
    quantities: Mapping[str, tuple[Stretch, ...]]
    leakage: tuple[tuple[str, Fraction, str], ...]

    @property
    def bounds(self) -> tuple[int, int]:
        """The period (start, end] in seconds: midnights at UTC+08:00."""
        return _midnight(self.first), _midnight(self.last + DAY)

    def total(self, name: str) -> Fraction:
        """Sum of a quantity in its base unit; zero where the project has no such meter."""
        return sum((stretch.amount for stretch in self.quantities.get(name, ())), Fraction(0))


def parse(node: Node) -> Monitored:
    """A document; MalformedInput and RefusedInput name the place, Unknown a methodology or region."""
    required = ("methodology", "project", "period", "monitored")
    f = node.fields(required, ("region", "grid", "baseline", "leakage"))
    methodology = library.named(f["methodology"].text(most=64))
    period = f["period"].fields(("from", "to"))
    first, last = _date(period["from"]), _date(period["to"])
    if last < first:
        raise period["to"].refused("the period ends before it begins", f"a day from {first.isoformat()} on")
    om, bm, region = _grid(node, f, methodology)
    needs_fuel = methodology.kind == "building-heating"
    if needs_fuel != ("baseline" in f):
        raise node.malformed("the baseline's fuel", "coal or gas with building-heating, and with no other")
    given = f["monitored"].members()
    for name, item in given.items():
        if name not in methodology.quantities:
            raise item.malformed(f"{methodology.key} monitors no {name[:40]}", ", ".join(methodology.quantities))
    found = {}
    for name, rule in methodology.quantities.items():
        if name in given:
            found[name] = _stretches(given[name], rule.measure, methodology, first, last)
        elif rule.required:
            raise f["monitored"].malformed("a quantity is missing", name)
    return Monitored(
        methodology,
        f["project"].text(least=1, most=200),
        first,
        last,
        om,
        bm,
        region,
        f["baseline"].one_of(FUELS) if needs_fuel else "",
        found,
        tuple(_leak(item) for item in f["leakage"].items(most=20)) if "leakage" in f else (),
    )


def _grid(node: Node, f: Mapping[str, Node], methodology: Methodology) -> tuple[Parameter, Parameter, str]:
    """Margins of a region of the methodology, or given with their source."""
    if ("region" in f) == ("grid" in f):
        raise node.malformed("the grid", "either 'region' or 'grid'")
    if "region" in f:
        name = f["region"].text(most=40)
        if name not in methodology.regions:
            expected = ", ".join(methodology.regions) + "; or 'grid' with om, bm and source"
            raise Unknown(f"region {name!r}", expected=expected)
        region = methodology.regions[name]
        return region.om, region.bm, name
    g = f["grid"].fields(("om", "bm", "source"))
    source = g["source"].text(least=1, most=400)
    om, bm = (Parameter(rational.decimal(g[n], most=Fraction(3)), "tCO2/MWh", "given", source) for n in ("om", "bm"))
    return om, bm, ""


def _stretches(node: Node, measure: Measure, methodology: Methodology, first: date, last: date) -> tuple[Stretch, ...]:
    items = node.items(least=1, most=MAX_STRETCHES)
    found = [_stretch(item, measure, methodology) for item in items]
    latest: dict[str, Stretch] = {}
    for item, stretch in zip(items, found, strict=True):
        before = latest.get(stretch.meter)
        expected = first if before is None else before.last + DAY
        if stretch.first != expected:
            raise item.refused("a gap or an overlap of the meter's days", f"a stretch from {expected.isoformat()} on")
        if (
            before is not None
            and before.registers
            and stretch.registers
            and before.registers[1] != stretch.registers[0]
        ):
            raise item.refused(
                "the register does not go on where it was",
                rational.text(before.registers[1]),
                "A meter that was replaced is another meter: let the old one end with a stretch of zero",
            )
        latest[stretch.meter] = stretch
    for meter, stretch in latest.items():
        if stretch.last != last:
            raise node.refused(f"meter {meter!r} does not cover the period", f"its last day {last.isoformat()}")
    return tuple(found)


def _stretch(node: Node, measure: Measure, methodology: Methodology) -> Stretch:
    f = node.fields(("meter", "from", "to", "evidence"), ("start", "end", "quantity"))
    first, last = _date(f["from"]), _date(f["to"])
    if last < first:
        raise f["to"].refused("the stretch ends before it begins", f"a day from {first.isoformat()} on")
    evidence = f["evidence"].text(least=64, most=64)
    if not HEX.issuperset(evidence):
        raise f["evidence"].malformed("not a digest", "64 lower-case hex digits: of the month statement or the entry")
    registers = None
    if "quantity" in f and "start" not in f and "end" not in f:
        amount = _amount(f["quantity"], measure, methodology)
    elif "quantity" not in f and "start" in f and "end" in f:
        registers = (_amount(f["start"], measure, methodology), _amount(f["end"], measure, methodology))
        amount = registers[1] - registers[0]
        if amount < 0:
            raise f["end"].refused("the register went back", f"at least {rational.text(registers[0])}")
    else:
        raise node.malformed("how much was metered", "either 'quantity', or 'start' and 'end' of the register")
    return Stretch(f["meter"].text(least=1, most=100), first, last, amount, registers, evidence)


def _amount(node: Node, measure: Measure, methodology: Methodology) -> Fraction:
    if measure == "electricity":
        return rational.quantity(node, ELECTRICITY)
    if measure == "heat":
        return rational.quantity(node, HEAT)
    unit = node.fields(("unit", "value"))["unit"].one_of((*rational.TONNES, *VOLUMES))
    if unit in VOLUMES:
        return rational.quantity(node, VOLUMES) * methodology.parameters["methane_density"].value
    return rational.quantity(node, rational.TONNES)


def _leak(node: Node) -> tuple[str, Fraction, str]:
    f = node.fields(("what", "value", "evidence"))
    evidence = f["evidence"].text(least=64, most=64)
    if not HEX.issuperset(evidence):
        raise f["evidence"].malformed("not a digest", "64 lower-case hex digits")
    return f["what"].text(least=1, most=200), rational.quantity(f["value"], rational.TONNES), evidence


def _date(node: Node) -> date:
    text = node.text(least=10, most=10)
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise node.malformed("not a date", "YYYY-MM-DD") from error
    if not 2005 <= found.year <= 2100:
        raise node.malformed("a year out of range", "2005 to 2100")
    return found


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp())
