"""The data-quality control plan: how an enterprise will measure in a year, parameter by parameter.

The contents are those of clause 9.1 of the steel guideline (CETS-AG-03.01-V01-2024): versions with the reasons of
change, entity and boundary, and for each parameter its unit, how it is obtained, by which instrument, how often it is
recorded, what stands in when it is missing, and who answers for it. The chain holds the SHA-256 of the canonical JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Literal

from carbonledger import jcs
from carbonledger.accounting import exact, inputs, library
from carbonledger.accounting.inputs import Node

Mode = Literal["measured", "calculated", "design", "default"]

MODES: Final[tuple[Mode, ...]] = ("measured", "calculated", "design", "default")
"""How a value is obtained: 实测, 计算, 设计值, 缺省值."""

FREQUENCIES: Final = ("continuous", "shift", "daily", "batch", "monthly", "quarterly", "yearly", "once")
MONTHLY: Final = frozenset({"continuous", "shift", "daily", "batch", "monthly"})
"""Frequencies that give every month a value of its own."""

MISSING: Final = ("default", "mean-of-measured", "conservative", "second-source")
KINDS: Final = (
    *("belt-scale", "coal-feeder", "rail-scale", "liquid-flow", "gas-flow"),
    *("electricity-meter", "heat-meter", "analyser", "other"),
)
QUANTITY: Final = "quantity"
"""The name of a line's activity data among its parameters."""

MAX_BYTES: Final = 1 << 20
MAX_ROWS: Final = 500
_FIELDS: Final = ("boundary", "entity", "instruments", "parameters", "quality", "rule_set", "v", "version", "year")
_INSTRUMENT: Final = ("accuracy_class", "calibration_months", "id", "kind", "model", "norm", "place")
_PARAMETER: Final = (
    *("frequency", "instruments", "item", "line", "method", "missing", "mode", "name"),
    *("record", "responsible", "second_source", "unit"),
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument: `id` as the device is enrolled, `accuracy_class` in percent, months between calibrations."""

    id: str
    kind: str
    model: str
    place: str
    accuracy_class: Fraction
    calibration_months: int
    norm: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a line: its activity data (`quantity`) or a parameter by its name in the rule set.

    `item` is the production unit or fuel as the report names it; `missing` the rule for a value that is missing;
    `record` the file in which the values are kept; `second_source` what the value can be compared with, perhaps "".
    """

    line: str
    item: str
    name: str
    unit: str
    mode: Mode
    instruments: tuple[str, ...]
    frequency: str
    method: str
    missing: str
    responsible: str
    record: str
    second_source: str


@dataclass(frozen=True)
class ControlPlan:
    """A plan as it was read; `reasons` is why this version differs from the one before, "" of the first."""

    value: dict[str, Any]
    year: int
    version: int
    rule_set: str
    reasons: str
    instruments: tuple[Instrument, ...]
    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(cls, raw: bytes) -> ControlPlan:
        """From JSON in any layout; MalformedInput names the path."""
        return cls.read(inputs.parse(raw))

    @classmethod
    def of(cls, value: dict[str, Any]) -> ControlPlan:
        """From a JSON value."""
        return cls.parse(jcs.encode(value))

    @classmethod
    def read(cls, node: Node) -> ControlPlan:
        """From the parsed JSON."""
        fields = node.fields(_FIELDS, ("reasons",))
        fields["v"].integer(1, 1)
        version = fields["version"].integer(1, 0xFFFF)
        reasons = fields["reasons"].text(least=1, most=2000) if "reasons" in fields else ""
        if bool(reasons) != (version > 1):
            raise node.malformed("a change without its reasons" if version > 1 else "reasons of a first version",
                                 "'reasons' from version 2 on")  # fmt: skip
        entity = fields["entity"].fields(("name", "sector"), ("address", "credit_code"))
        for part in entity.values():
            part.text(least=1, most=400)
        for name in ("boundary", "quality"):
            fields[name].text(least=1, most=4000)
        instruments = tuple(_instrument(item) for item in fields["instruments"].items(most=MAX_ROWS))
        known = {instrument.id for instrument in instruments}
        if len(known) != len(instruments):
            raise fields["instruments"].malformed("an instrument that comes twice", "each id once")
        parameters = tuple(_parameter(item, known) for item in fields["parameters"].items(least=1, most=MAX_ROWS))
        if len({(p.line, p.item, p.name) for p in parameters}) != len(parameters):
            raise fields["parameters"].malformed("a parameter that comes twice", "each line, item and name once")
        rule_set = fields["rule_set"].text(least=1, most=64)
        year = fields["year"].integer(1990, 9998)
        return cls(_plain(node.value), year, version, rule_set, reasons, instruments, parameters)

    def json(self) -> bytes:
        """Canonical bytes."""
        return jcs.encode(self.value)

    @cached_property
    def digest(self) -> bytes:
        """What the chain holds: SHA-256 of the canonical bytes."""
        return sha256(self.json()).digest()

    def parameter(self, line: str, item: str, name: str) -> Parameter | None:
        """The row of a line's value; one that names no item holds for all items of the line."""
        rows = {p.item: p for p in self.parameters if (p.line, p.name) == (line, name)}
        return rows.get(item) or rows.get("")

    def instrument(self, identifier: str) -> Instrument | None:
        """The instrument of an id."""
        return next((instrument for instrument in self.instruments if instrument.id == identifier), None)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that the plan should say otherwise: where, and in words (English, Chinese)."""

    path: str
    text: tuple[str, str]


def doubts(plan: ControlPlan) -> list[Doubt]:
    """What a reviewer would ask about a plan by itself: instruments, calibration, the rule set's lines and tiers."""
    return [*_doubtful_instruments(plan), *_doubtful_parameters(plan)]


def required(kind: str) -> tuple[Fraction, int] | None:
    """Accuracy (percent) and months between calibrations that the guideline asks of a kind; None where it is silent."""
    found = next((row for row in library.instruments() if row.row == kind), None)
    return None if found is None else (Fraction(found.accuracy * 100, exact.SCALE), found.months)


def _doubtful_instruments(plan: ControlPlan) -> list[Doubt]:
    found = []
    used = {identifier for p in plan.parameters for identifier in p.instruments}
    for at, instrument in enumerate(plan.instruments):
        path = f"$.instruments[{at}]"
        if instrument.id not in used:
            found.append(Doubt(path, ("no parameter uses this instrument", "没有参数使用该计量器具")))
        asked = required(instrument.kind)
        if asked is None:
            continue
        accuracy, months = asked
        if instrument.accuracy_class > accuracy:
            said = exact.text(accuracy)
            found.append(
                Doubt(f"{path}.accuracy_class", (f"worse than class {said} required", f"低于要求的准确度等级 {said}"))
            )
        if instrument.calibration_months > months:
            said_zh = f"检定周期长于 {months} 个月"
            found.append(Doubt(f"{path}.calibration_months", (f"longer than {months} months", said_zh)))
    return found


def _doubtful_parameters(plan: ControlPlan) -> list[Doubt]:
    rules = next((known for known in library.rule_sets() if plan.rule_set in (known.key, known.id.hex())), None)
    if rules is None:
        return [Doubt("$.rule_set", ("a rule set that is not known here", "未知的规则集"))]
    found = []
    if not rules.covers(plan.year):
        found.append(Doubt("$.year", ("the rule set does not hold for this year", "规则集不适用于该年度")))
    for at, planned in enumerate(plan.parameters):
        path = f"$.parameters[{at}]"
        rule = rules.line(planned.line)
        if rule is None:
            found.append(Doubt(f"{path}.line", ("not a line of the rule set", "规则集中没有该排放源")))
            continue
        parameter = next((p for p in rule.parameters if p.name == planned.name), None)
        if parameter is None and planned.name != QUANTITY:
            found.append(Doubt(f"{path}.name", ("not a parameter of the line", "该排放源没有此参数")))
            continue
        if planned.mode == "measured" and not planned.instruments:
            found.append(Doubt(f"{path}.instruments", ("measured without an instrument", "实测参数没有计量器具")))
        if parameter is not None:
            tier = "default" if planned.mode == "default" else "measured"
            if tier not in parameter.tiers:
                text = (
                    f"the rule set does not allow {tier}",
                    f"规则集不允许{'缺省值' if tier == 'default' else '实测值'}",
                )
                found.append(Doubt(f"{path}.mode", text))
            by_rule = planned.mode == "measured" and planned.missing in ("default", "mean-of-measured")
            if by_rule and planned.missing != parameter.missing:
                text = (f"the rule set says {parameter.missing}", f"规则集规定为 {parameter.missing}")
                found.append(Doubt(f"{path}.missing", text))
        if not planned.second_source and planned.mode != "default":
            # guide for power facilities, cross-check 10: every value needs a second source, else say so
            found.append(Doubt(f"{path}.second_source", ("no second source", "没有第二数据来源")))
    planned_lines = {p.line for p in plan.parameters}
    for p in sorted(planned_lines):
        if (rule := rules.line(p)) is None:
            continue
        names = {q.name for q in plan.parameters if q.line == p}
        wanted = {QUANTITY, *(q.name for q in rule.parameters if q.factor is None or "measured" in q.tiers)}
        found += [
            Doubt("$.parameters", (f"{p} has no row for {name}", f"{p} 缺少 {name} 的内容"))
            for name in sorted(wanted - names)
        ]
    return found


def _instrument(node: Node) -> Instrument:
    f = node.fields(_INSTRUMENT)
    accuracy = exact.decimal(f["accuracy_class"])
    if not 0 < accuracy < 100:
        raise f["accuracy_class"].malformed("not a class", "percent above 0, below 100: 0.5")
    return Instrument(
        f["id"].text(least=1, most=200),
        f["kind"].one_of(KINDS),
        f["model"].text(least=1, most=200),
        f["place"].text(least=1, most=200),
        accuracy,
        f["calibration_months"].integer(1, 240),
        f["norm"].text(least=1, most=100),
    )


def _parameter(node: Node, known: set[str]) -> Parameter:
    f = node.fields(_PARAMETER)
    instruments = tuple(
        item.one_of(sorted(known), "not an instrument of the plan") for item in f["instruments"].items()
    )
    mode = f["mode"].one_of(MODES)
    return Parameter(
        line=f["line"].text(least=1, most=31),
        item=f["item"].text(most=200),
        name=f["name"].text(least=1, most=40),
        unit=f["unit"].text(least=1, most=40),
        mode=next(word for word in MODES if word == mode),
        instruments=instruments,
        frequency=f["frequency"].one_of(FREQUENCIES),
        method=f["method"].text(least=1, most=1000),
        missing=f["missing"].one_of(MISSING),
        responsible=f["responsible"].text(least=1, most=200),
        record=f["record"].text(least=1, most=200),
        second_source=f["second_source"].text(most=400),
    )


def _plain(value: Any) -> Any:
    """The parsed JSON as plain objects, for the canonical form."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case str() | int() | None:
            return value
    raise AssertionError(f"not a value of the reader: {type(value).__name__}")
