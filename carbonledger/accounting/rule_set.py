"""Rule sets: what a regulator publishes for a guideline and its years; their id, and their form on the chain.

A rule set is canonical JSON; its SHA-256 is its id (docs/formats/rule-set.md). The form follows from the JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import factors as factor_register
from carbonledger.accounting.exact import TO_THE_GRAM, Rounding
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.methods import Method, method
from carbonledger.accounting.names import chain_name, name32
from carbonledger.errors import Unknown
from carbonledger.keccak import keccak256

STATUS: Final = {"in-force": 1, "draft": 2, "unverified": 3}
TIERS: Final = {"default": 0, "measured": 1, "conservative": 2}
PARAMETER_SLOTS: Final = 6

_FIELDS: Final = (
    *("factors", "guideline", "key", "lines", "mrv", "rounding"),
    *("sources", "status", "title", "v", "version", "years"),
)
_LINE_FIELDS: Final = ("calculator", "code", "method", "parameters", "quantity", "scope", "sign", "title")
_KEY: Final = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """A parameter of a line: its tiers; `factor` is the one default allowed, None leaves the choice to the line."""

    name: str
    unit: str
    tiers: tuple[str, ...]
    factor: bytes | None


@dataclass(frozen=True, slots=True)
class LineRule:
    """One line of a rule set: what is counted, by which method, added (+1) or subtracted (-1)."""

    code: str
    method: Method
    quantity: str
    parameters: tuple[ParameterRule, ...]
    scope: str
    sign: int
    title: tuple[str, str]

    def parameter(self, name: str) -> ParameterRule:
        """The parameter of this name."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def words(self) -> bytes:
        """LineRule as the contracts take it: 18 words."""
        tiers = sum(1 << (8 * i + TIERS[tier]) for i, rule in enumerate(self.parameters) for tier in rule.tiers)
        blank = PARAMETER_SLOTS - len(self.parameters)
        return b"".join(
            (
                name32(self.code),
                name32(self.method.calculator),
                name32(self.method.name),
                self.sign.to_bytes(32, "big", signed=True),
                len(self.parameters).to_bytes(32, "big"),
                tiers.to_bytes(32, "big"),
                *((rule.factor or bytes(32)) for rule in self.parameters),
                bytes(32 * blank),
                *(name32(rule.unit) for rule in self.parameters),
                bytes(32 * blank),
            )
        )

    def form(self) -> tuple[Any, ...]:
        """The same as the values of the Solidity struct."""
        raw = self.words()
        word = [raw[at : at + 32] for at in range(0, len(raw), 32)]
        return (*word[:3], self.sign, len(self.parameters), int.from_bytes(word[5], "big"), word[6:12], word[12:18])


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule set; `years` are reporting years, inclusive, 0 = open; `title` is (English, Chinese)."""

    key: str
    guideline: str
    version: str
    status: str
    years: tuple[int, int]
    title: tuple[str, str]
    lines: tuple[LineRule, ...]
    factors: tuple[Factor, ...]
    rounding: tuple[Rounding, ...]
    month_evidence_days: int
    annual_report_days: int
    sources: tuple[str, ...]

    @classmethod
    def parse(cls, raw: bytes) -> RuleSet:
        """From canonical JSON; Malformed with the path for anything else, Unknown for a method of another build."""
        return cls.from_value(jcs.decode_object(raw))

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> RuleSet:
        """From the decoded JSON."""
        node = Node(value)
        fields = node.fields(_FIELDS)
        fields["v"].integer(1, 1)
        embedded = tuple(Factor.parse(item) for item in fields["factors"].items(most=1000))
        known = Factors(embedded)
        if len(known) != len(embedded):
            raise fields["factors"].malformed("a factor comes twice", "each factor once")
        lines = tuple(_line(item, known) for item in fields["lines"].items(least=1, most=64))
        if len({line.code for line in lines}) != len(lines):
            raise fields["lines"].malformed("a code comes twice", "each code once")
        mrv = fields["mrv"].fields(("annual_report_days", "month_evidence_days"))
        rounding = tuple(Rounding.parse(item) for item in fields["rounding"].items(most=2))
        if len({row.place for row in rounding}) != len(rounding):
            raise fields["rounding"].malformed("a place comes twice", "each place once")
        return cls(
            key=_code(fields["key"]),
            guideline=chain_name(fields["guideline"]),
            version=chain_name(fields["version"]),
            status=fields["status"].one_of(tuple(STATUS)),
            years=factor_register.years(fields["years"]),
            title=_title(fields["title"]),
            lines=lines,
            factors=embedded,
            rounding=rounding,
            month_evidence_days=mrv["month_evidence_days"].integer(1, 0xFFFF),
            annual_report_days=mrv["annual_report_days"].integer(1, 0xFFFF),
            sources=tuple(item.text(least=1) for item in fields["sources"].items(least=1, most=100)),
        )

    def to_value(self) -> dict[str, Any]:
        """Inverse of `from_value`."""
        return {
            "factors": [factor.to_json() for factor in self.factors],
            "guideline": self.guideline,
            "key": self.key,
            "lines": [_line_value(line) for line in self.lines],
            "mrv": {"annual_report_days": self.annual_report_days, "month_evidence_days": self.month_evidence_days},
            "rounding": [row.to_json() for row in self.rounding],
            "sources": list(self.sources),
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

    def line(self, code: str) -> LineRule | None:
        """The line of this code, None where there is none."""
        return next((line for line in self.lines if line.code == code), None)

    def covers(self, year: int) -> bool:
        """Whether the reporting year is one of its years."""
        return self.years[0] <= year and (self.years[1] == 0 or year <= self.years[1])

    def rounding_number(self) -> int:
        """Number of the rounding table on the chain; Unknown where the contracts have none for it."""
        if (self.rounding or (TO_THE_GRAM,)) != (TO_THE_GRAM,):
            raise Unknown(
                f"rounding of rule set {self.key} on the chain",
                expected=[TO_THE_GRAM.to_json()],
                found=[row.to_json() for row in self.rounding],
            )
        return 1

    def form(self) -> tuple[Any, ...]:
        """RuleSetForm as the values of the Solidity struct: bytes32 as bytes, numbers as int, arrays as lists."""
        return (name32(self.key), *self._head(), [line.form() for line in self.lines])

    def form_digest(self) -> bytes:
        """keccak256 of the form's words: number of lines, head fields, each line's words."""
        numbers = b"".join(number.to_bytes(32, "big") for number in self._head())
        lines = b"".join(line.words() for line in self.lines)
        return keccak256(len(self.lines).to_bytes(32, "big") + name32(self.key) + numbers + lines)

    def _head(self) -> tuple[int, ...]:
        days = (self.month_evidence_days, self.annual_report_days)
        return (*self.years, STATUS[self.status], *days, self.rounding_number())


def _line(node: Node, known: Factors) -> LineRule:
    fields = node.fields(_LINE_FIELDS)
    used = method(fields["method"].text(most=31))
    if fields["calculator"].value != used.calculator:
        raise fields["calculator"].malformed(f"not the calculator of method {used.name}", used.calculator)
    quantity = fields["quantity"].one_of(tuple(used.forms), f"not a unit that method {used.name} counts")
    nodes = fields["parameters"].items(most=PARAMETER_SLOTS)
    wanted = used.forms[quantity]
    if len(nodes) != len(wanted):
        raise fields["parameters"].malformed(f"parameters of method {used.name}", " ".join(p.name for p in wanted))
    parameters = tuple(
        _parameter(item, parameter.name, parameter.unit, known) for item, parameter in zip(nodes, wanted, strict=True)
    )
    if fields["sign"].value not in (1, -1) or type(fields["sign"].value) is not int:
        raise fields["sign"].malformed("not a sign", "1 or -1")
    return LineRule(
        code=_code(fields["code"]),
        method=used,
        quantity=quantity,
        parameters=parameters,
        scope=fields["scope"].one_of(("1", "2", "3")),
        sign=fields["sign"].value,
        title=_title(fields["title"]),
    )


def _parameter(node: Node, name: str, unit: str, known: Factors) -> ParameterRule:
    fields = node.fields(("factor", "name", "tiers", "unit"))
    fields["name"].one_of((name,), "not the parameter of the method at this place")
    fields["unit"].one_of((unit,), "not the unit of the method")
    tiers = tuple(item.one_of(tuple(TIERS)) for item in fields["tiers"].items(least=1, most=len(TIERS)))
    if tiers != tuple(tier for tier in TIERS if tier in tiers):
        raise fields["tiers"].malformed("tiers in another order", "each once, in the order " + ", ".join(TIERS))
    identifier = fields["factor"].text(most=64)
    if not identifier:
        return ParameterRule(name, unit, tiers, None)
    fixed = next((factor for factor in known if factor.id.hex() == identifier), None)
    if fixed is None:
        raise fields["factor"].malformed("a factor that is not in the rule set", "the id of one of its factors")
    if fixed.unit != unit:
        raise fields["factor"].malformed("a factor of another unit", unit)
    if "default" not in tiers:
        raise fields["tiers"].malformed("a factor is fixed, but the default is not allowed", "default among the tiers")
    return ParameterRule(name, unit, tiers, fixed.id)


def _line_value(line: LineRule) -> dict[str, Any]:
    return {
        "calculator": line.method.calculator,
        "code": line.code,
        "method": line.method.name,
        "parameters": [
            {
                "factor": rule.factor.hex() if rule.factor else "",
                "name": rule.name,
                "tiers": list(rule.tiers),
                "unit": rule.unit,
            }
            for rule in line.parameters
        ],
        "quantity": line.quantity,
        "scope": line.scope,
        "sign": line.sign,
        "title": {"en": line.title[0], "zh": line.title[1]},
    }


def _title(node: Node) -> tuple[str, str]:
    fields = node.fields(("en", "zh"))
    return fields["en"].text(least=1, most=200), fields["zh"].text(least=1, most=200)


def _code(node: Node) -> str:
    value = node.text(least=1, most=31)
    if _KEY.fullmatch(value) is None:
        raise node.malformed("not a code", "lower-case letters and digits, joined by - or .")
    return value
