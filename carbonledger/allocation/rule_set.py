"""Rule sets of allocation: a plan's numbers as canonical JSON, their id, and their form on the chain.

The id is the SHA-256 of the JSON. The form follows from the JSON (docs/formats/allocation.md). Every number carries
its evidence and its source; it holds for all reporting years of the rule set unless it has years of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs, numbered
from carbonledger.accounting import exact
from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.factors import years as parse_years
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.names import chain_name, name32
from carbonledger.errors import Unknown
from carbonledger.keccak import keccak256
from carbonledger.numbered import numbers

STATUS: Final = numbers(numbered.RULE_SET_STATUS)
METHODS: Final = {"supply": 1, "generation": 2, "verified-emissions": 3, "intensity-band": 4}
EXCLUDED: Final = {"none": 0, "no-allocation": 1, "verified-emissions": 2}
PRE_ALLOCATION: Final = {"none": 0, "outputs": 1, "previous-emissions": 2}
SCOPES: Final = {"none": 0, "conventional-condensing": 1, "conventional": 2}
SECTORS: Final = {"power": 1, "steel": 2, "cement": 4, "aluminium": 8}
CLASSES: Final = {"coal-large": 1, "coal-small": 2, "coal-unconventional": 3, "gas": 4}
EVIDENCE: Final = numbers(numbered.EVIDENCE)

SPECIAL: Final = (
    *("closed", "new", "oil", "igcc", "engine", "special-gas", "emergency-standby"),
    *("hydrogen-rich-furnace", "white-cement", "gypsum-acid-cement"),
)
"""What a unit may be that takes it out of the formula; the n-th has number n + 1 on the chain."""

NUMBERS: Final = {
    "large-from": "MW",
    "unconventional-over": "1",
    "gas-other-fuels-up-to": "1",
    "cooling-water": "1",
    "cooling-air": "1",
    "heat-ratio-coal": "1",
    "heat-ratio-gas": "1",
    "biomass-over": "1",
    "secondary-over": "1",
    "combined-over": "1",
    "green-fuel-over": "1",
    "carbide-slag-over": "1",
    "small-below": "t",
    "gas-top-up": "1",
    "gap-cap": "1",
    "pre-allocation": "1",
    "band-slope": "1",
    "band-border": "1",
    "band-cap": "1",
}
"""Name -> base unit, in the order of the form."""

SEGMENT_KINDS: Final = {
    "constant": (1, ("constant",)),
    "linear": (2, ("constant", "slope", "edge")),
    "power": (3, ("base", "constant", "slope")),
    "exponentials": (4, ("constant", "first", "first-scale", "second", "second-scale")),
}
"""Kind -> its number on the chain, and its numbers in the order of the form."""

CALCULATOR: Final = "AllocationCalculator"
ABSENT: Final = (1 << 256) - 1
"""On the chain: the rule set has no such number."""

LOAD_PLACES: Final = 6
GAP_PLACES: Final = 2
INTENSITY_PLACES: Final = 4
LOAD_END: Final = 10_001
"""Load factors are whole 0.01 %: 0 to 10,000; the last segment ends before this."""

_ROUNDING: Final = {
    "allocation": ("floor", 0),
    "load-factor": ("half-up", LOAD_PLACES),
    "gap-rate": ("half-up", GAP_PLACES),
    "intensity": ("half-up", INTENSITY_PLACES),
    "balance": ("floor", INTENSITY_PLACES),
}
_FIELDS: Final = (
    *("benchmarks", "calculator", "excluded", "key", "load_factor", "method", "numbers", "pre_allocation"),
    *("rounding", "sectors", "sources", "special", "status", "title", "v", "version", "years"),
)
_PRINTED: Final = {"1": {"1": Fraction(1), "%": Fraction(1, 100)}, "MW": {"MW": Fraction(1)}, "t": {"t": Fraction(1)}}
_KEY: Final = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Number:
    """A published number: `value` in 1e-18 of `unit`; `printed` is the decimal as published, in `printed_unit`."""

    name: str
    value: int
    unit: str
    printed: str
    printed_unit: str
    evidence: str
    source: str

    @property
    def fraction(self) -> Fraction:
        """The exact value in its base unit."""
        return Fraction(self.value, SCALE)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Benchmarks of one class in its reporting years: tCO2 per MWh (supplied or generated, by method) and per GJ."""

    of: str
    years: tuple[int, int]
    electricity: Number
    heat: Number
    electricity_balance: str
    heat_balance: str


@dataclass(frozen=True, slots=True)
class Segment:
    """The load factor for loads in [from, below), in whole 0.01 %."""

    start: int
    below: int
    kind: str
    numbers: tuple[Number, ...]

    def number(self, name: str) -> Fraction:
        """The exact value of one of the kind's numbers."""
        return self.numbers[SEGMENT_KINDS[self.kind][1].index(name)].fraction


@dataclass(frozen=True, slots=True)
class RoundingRow:
    """How one quantity is rounded, and who says so."""

    of: str
    mode: str
    places: int
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class AllocationRules:
    """A rule set of allocation; `years` are reporting years, inclusive; `title` is (English, Chinese)."""

    key: str
    version: str
    status: str
    sectors: tuple[str, ...]
    method: str
    years: tuple[int, int]
    title: tuple[str, str]
    excluded: str
    pre_allocation: str
    load_scope: str
    special: tuple[str, ...]
    numbers: dict[str, Number]
    benchmarks: tuple[Benchmark, ...]
    segments: tuple[Segment, ...]
    rounding: tuple[RoundingRow, ...]
    sources: dict[str, str]

    @classmethod
    def parse(cls, raw: bytes) -> AllocationRules:
        """From canonical JSON; Malformed with the path for anything else, Unknown for a rounding of another build."""
        fields = Node(jcs.decode_object(raw)).fields(_FIELDS)
        fields["v"].integer(1, 1)
        fields["calculator"].one_of((CALCULATOR,))
        sources = _sources(fields["sources"])
        years = parse_years(fields["years"])
        numbers = [_number(item, sources) for item in fields["numbers"].items(most=len(NUMBERS))]
        if len({number.name for number in numbers}) != len(numbers):
            raise fields["numbers"].malformed("a number comes twice", "each number once")
        load = fields["load_factor"].fields(("scope", "segments"))
        special = tuple(item.one_of(SPECIAL) for item in fields["special"].items(most=len(SPECIAL)))
        if list(special) != [word for word in SPECIAL if word in special]:
            raise fields["special"].malformed("another order", "each once, in the order " + ", ".join(SPECIAL))
        rules = cls(
            key=_code(fields["key"]),
            version=chain_name(fields["version"]),
            status=fields["status"].one_of(tuple(STATUS)),
            sectors=tuple(item.one_of(tuple(SECTORS)) for item in fields["sectors"].items(least=1, most=len(SECTORS))),
            method=fields["method"].one_of(tuple(METHODS)),
            years=years,
            title=_title(fields["title"]),
            excluded=fields["excluded"].one_of(tuple(EXCLUDED)),
            pre_allocation=fields["pre_allocation"].one_of(tuple(PRE_ALLOCATION)),
            load_scope=load["scope"].one_of(tuple(SCOPES)),
            special=special,
            numbers={number.name: number for number in numbers},
            benchmarks=tuple(_benchmark(item, sources) for item in fields["benchmarks"].items(most=64)),
            segments=_segments(load["segments"], sources),
            rounding=tuple(_rounding(item, sources) for item in fields["rounding"].items(least=1, most=8)),
            sources=sources,
        )
        _check_whole(rules, fields)
        return rules

    def to_value(self) -> dict[str, Any]:
        """Inverse of `parse`, before its encoding."""
        return {
            "benchmarks": [_benchmark_value(benchmark) for benchmark in self.benchmarks],
            "calculator": CALCULATOR,
            "excluded": self.excluded,
            "key": self.key,
            "load_factor": {"scope": self.load_scope, "segments": [_segment_value(part) for part in self.segments]},
            "method": self.method,
            "numbers": [_number_value(number) for number in self.numbers.values()],
            "pre_allocation": self.pre_allocation,
            "rounding": [
                {"evidence": row.evidence, "mode": row.mode, "of": row.of, "places": row.places, "source": row.source}
                for row in self.rounding
            ],
            "sectors": list(self.sectors),
            "sources": [{"key": key, "text": text} for key, text in self.sources.items()],
            "special": list(self.special),
            "status": self.status,
            "title": {"en": self.title[0], "zh": self.title[1]},
            "v": 1,
            "version": self.version,
            "years": list(self.years),
        }

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(self.to_value())

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()

    def covers(self, year: int) -> bool:
        """Whether the reporting year is one of its years."""
        return self.years[0] <= year <= self.years[1]

    def number(self, name: str) -> Number | None:
        """The published number of this name, None where the plan has none."""
        return self.numbers.get(name)

    def benchmark(self, name: str, year: int) -> Benchmark:
        """The benchmarks of a class in a reporting year that the rule set covers."""
        return next(b for b in self.benchmarks if b.of == name and b.years[0] <= year <= b.years[1])

    def form(self) -> tuple[Any, ...]:
        """AllocationForm as the values of the Solidity struct."""
        return (
            *(name32(self.key), name32(CALCULATOR)),
            *self._head(),
            self._numbers(),
            [_benchmark_words(benchmark) for benchmark in self.benchmarks],
            [
                (part.start, part.below, SEGMENT_KINDS[part.kind][0], _five(number.value for number in part.numbers))
                for part in self.segments
            ],
        )

    def form_digest(self) -> bytes:
        """keccak256 of the form's words: the two counts, the head, the numbers, each benchmark, each segment."""
        words: list[int | bytes] = [
            len(self.benchmarks),
            len(self.segments),
            name32(self.key),
            name32(CALCULATOR),
            *self._head(),
        ]
        words += self._numbers()
        for benchmark in self.benchmarks:
            words += _benchmark_words(benchmark)
        for part in self.segments:
            words += [part.start, part.below, SEGMENT_KINDS[part.kind][0]]
            words += _five(number.value for number in part.numbers)
        return keccak256(b"".join(word if isinstance(word, bytes) else word.to_bytes(32, "big") for word in words))

    def _head(self) -> tuple[int, ...]:
        return (
            *self.years,
            STATUS[self.status],
            sum(SECTORS[sector] for sector in self.sectors),
            METHODS[self.method],
            EXCLUDED[self.excluded],
            PRE_ALLOCATION[self.pre_allocation],
            SCOPES[self.load_scope],
            sum(1 << (SPECIAL.index(word) + 1) for word in self.special),
        )

    def _numbers(self) -> list[int]:
        return [self.numbers[name].value if name in self.numbers else ABSENT for name in NUMBERS]


def _check_whole(rules: AllocationRules, fields: dict[str, Node]) -> None:
    """What the parts must be together: a benchmark for each class and year, numbers that the method needs."""
    by_benchmark = rules.method in ("supply", "generation")
    for year in range(rules.years[0], rules.years[1] + 1):
        for name in CLASSES if by_benchmark else ():
            found = [b for b in rules.benchmarks if b.of == name and b.years[0] <= year <= b.years[1]]
            if len(found) != 1:
                raise fields["benchmarks"].malformed(f"benchmarks of {name} for {year}", "one row")
    needed = {
        "supply": ("cooling-water", "cooling-air", "heat-ratio-coal", "heat-ratio-gas", "large-from"),
        "generation": ("large-from", "unconventional-over", "gas-other-fuels-up-to"),
        "verified-emissions": (),
        "intensity-band": ("band-slope", "band-border", "band-cap"),
    }[rules.method]
    for name in (*needed, *(("pre-allocation",) if rules.pre_allocation != "none" else ())):
        if name not in rules.numbers:
            raise fields["numbers"].malformed(f"number {name} is missing", f"{name}, as the method needs it")
    if (rules.load_scope == "none") != (not rules.segments):
        raise fields["load_factor"].malformed("a scope without segments, or segments without", "both or none")
    rows = [row.of for row in rules.rounding]
    if len(set(rows)) != len(rows):
        raise fields["rounding"].malformed("a quantity comes twice", "each quantity once")


def _number(node: Node, sources: dict[str, str]) -> Number:
    fields = node.fields(("evidence", "name", "source", "unit", "value"))
    name = fields["name"].one_of(tuple(NUMBERS))
    return _value(name, NUMBERS[name], fields["unit"], fields["value"], fields, sources)


def _value(name: str, base: str, unit: Node, value: Node, proven: dict[str, Node], sources: dict[str, str]) -> Number:
    printed_unit = unit.one_of(tuple(_PRINTED.get(base, {base: Fraction(1)})))
    scaled = exact.decimal(value) * _PRINTED.get(base, {base: Fraction(1)})[printed_unit]
    return Number(
        name=name,
        value=exact.fixed(scaled, value.path, base),
        unit=base,
        printed=value.value,
        printed_unit=printed_unit,
        evidence=proven["evidence"].one_of(tuple(EVIDENCE)),
        source=proven["source"].one_of(tuple(sources), "not one of the sources"),
    )


def _number_value(number: Number) -> dict[str, str]:
    return {
        "evidence": number.evidence,
        "name": number.name,
        "source": number.source,
        "unit": number.printed_unit,
        "value": number.printed,
    }


def _benchmark(node: Node, sources: dict[str, str]) -> Benchmark:
    balances = ("electricity_balance", "heat_balance")
    fields = node.fields(("class", "electricity", "evidence", "heat", "source", "years"), balances)
    for name in balances:
        if name in fields:
            exact.decimal(fields[name])
    units = (("electricity", "tCO2/MWh"), ("heat", "tCO2/GJ"))
    electricity, heat = (
        _value(name, unit, Node(unit, fields[name].path), fields[name], fields, sources) for name, unit in units
    )
    return Benchmark(
        of=fields["class"].one_of(tuple(CLASSES)),
        years=parse_years(fields["years"]),
        electricity=electricity,
        heat=heat,
        electricity_balance=fields["electricity_balance"].value if "electricity_balance" in fields else "",
        heat_balance=fields["heat_balance"].value if "heat_balance" in fields else "",
    )


def _benchmark_value(benchmark: Benchmark) -> dict[str, Any]:
    balances = {"electricity_balance": benchmark.electricity_balance, "heat_balance": benchmark.heat_balance}
    return {
        "class": benchmark.of,
        "electricity": benchmark.electricity.printed,
        "evidence": benchmark.electricity.evidence,
        "heat": benchmark.heat.printed,
        "source": benchmark.electricity.source,
        "years": list(benchmark.years),
    } | {name: value for name, value in balances.items() if value}


def _benchmark_words(benchmark: Benchmark) -> tuple[int, ...]:
    return (CLASSES[benchmark.of], *benchmark.years, benchmark.electricity.value, benchmark.heat.value)


def _segments(node: Node, sources: dict[str, str]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    for item in node.items(most=16):
        fields = item.fields(("below", "evidence", "from", "kind", "numbers", "source"))
        kind = fields["kind"].one_of(tuple(SEGMENT_KINDS))
        names = SEGMENT_KINDS[kind][1]
        given = fields["numbers"].fields(names)
        numbers = tuple(_value(name, "1", Node("1", given[name].path), given[name], fields, sources) for name in names)
        start, below = _load(fields["from"]), _load(fields["below"])
        if start != (found[-1].below if found else 0) or below <= start:
            raise item.malformed("segments that do not follow one another", "each from where the last ended, from 0")
        part = Segment(start, below, kind, numbers)
        if kind == "linear" and part.number("edge") * 100 < below:
            raise given["edge"].malformed("an edge within the segment", "at least where the segment ends")
        if kind == "power" and (
            part.number("constant") * 10_000 < part.number("slope") * (below - 1) or part.number("base") < 1
        ):
            raise given["constant"].malformed("a power below one", "an exponent that stays positive, a base from 1")
        if kind == "exponentials" and not (part.number("first-scale") and part.number("second-scale")):
            raise fields["numbers"].malformed("an exponential without scale", "scales above 0")
        found.append(part)
    if found and found[-1].below != LOAD_END:
        raise node.malformed("segments that do not reach 100 %", "the last one below 100.01")
    return tuple(found)


def _segment_value(part: Segment) -> dict[str, Any]:
    first = part.numbers[0]
    return {
        "below": _percent(part.below),
        "evidence": first.evidence,
        "from": _percent(part.start),
        "kind": part.kind,
        "numbers": {number.name: number.printed for number in part.numbers},
        "source": first.source,
    }


def _load(node: Node) -> int:
    hundredths = exact.decimal(node) * 100
    if hundredths.denominator != 1 or hundredths > LOAD_END:
        raise node.malformed("not a load", "percent with at most two decimals")
    return hundredths.numerator


def _percent(hundredths: int) -> str:
    return exact.text(Fraction(hundredths, 100))


def _rounding(node: Node, sources: dict[str, str]) -> RoundingRow:
    fields = node.fields(("evidence", "mode", "of", "places", "source"))
    of = fields["of"].one_of(tuple(_ROUNDING))
    found = (fields["mode"].text(most=31), fields["places"].integer(0, 18))
    if found != _ROUNDING[of]:
        raise Unknown(f"rounding of {of}", expected=_ROUNDING[of], found=found)
    evidence = fields["evidence"].one_of(tuple(EVIDENCE))
    return RoundingRow(of, *found, evidence, fields["source"].one_of(tuple(sources), "not one of the sources"))


def _sources(node: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in node.items(least=1, most=32):
        fields = item.fields(("key", "text"))
        key = _code(fields["key"])
        if key in found:
            raise fields["key"].malformed("a source comes twice", "each key once")
        found[key] = fields["text"].text(least=1, most=1000)
    return found


def _title(node: Node) -> tuple[str, str]:
    fields = node.fields(("en", "zh"))
    return fields["en"].text(least=1, most=200), fields["zh"].text(least=1, most=200)


def _code(node: Node) -> str:
    value = node.text(least=1, most=31)
    if _KEY.fullmatch(value) is None:
        raise node.malformed("not a code", "lower-case letters and digits, joined by - or .")
    return value


def _five(values: Any) -> tuple[int, ...]:
    found = tuple(values)
    return (*found, *(0,) * (5 - len(found)))
