"""Rule sets: what a regulator publishes for a guideline and its years; their id, and their form on the chain.

A rule set is canonical JSON; its SHA-256 is its id (docs/formats/rule-set.md). The form follows from the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs, numbered
from carbonledger.accounting import factors as factor_register
from carbonledger.accounting import line_rule, units
from carbonledger.accounting.exact import TO_THE_GRAM, InputRounding, Rounding
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.line_rule import PARAMETER_SLOTS, TIERS, LineRule, ParameterRule
from carbonledger.accounting.names import chain_name, name32
from carbonledger.keccak import keccak256
from carbonledger.numbered import numbers

__all__ = ["PARAMETER_SLOTS", "STATUS", "TIERS", "Group", "LineRule", "ParameterRule", "RuleSet", "View"]

STATUS: Final = numbers(numbered.RULE_SET_STATUS)
MAX_LINES: Final = 128

_FIELDS: Final = (
    *("factors", "groups", "guideline", "input_rounding", "key", "lines", "mrv", "rounding"),
    *("sources", "status", "title", "v", "version", "views", "years"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A section of the official layout; `title` is (English, Chinese)."""

    key: str
    title: tuple[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """A further sum of the same lines, beside the total: (code, sign) of what it counts."""

    key: str
    title: tuple[str, str]
    terms: tuple[tuple[str, int], ...]

    def to_json(self) -> dict[str, Any]:
        """As in the rule set."""
        return {
            "key": self.key,
            "terms": [{"code": code, "sign": sign} for code, sign in self.terms],
            "title": {"en": self.title[0], "zh": self.title[1]},
        }


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule set; `years` are reporting years, inclusive, 0 = open; `title` is (English, Chinese)."""

    key: str
    guideline: str
    version: str
    status: str
    years: tuple[int, int]
    title: tuple[str, str]
    groups: tuple[Group, ...]
    lines: tuple[LineRule, ...]
    views: tuple[View, ...]
    factors: tuple[Factor, ...]
    rounding: tuple[Rounding, ...]
    input_rounding: tuple[InputRounding, ...]
    month_evidence_days: int
    annual_report_days: int
    sources: tuple[str, ...]
    _by_code: Mapping[str, LineRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {line.code: line for line in self.lines})

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
        groups = tuple(_group(item) for item in fields["groups"].items(least=1, most=32))
        if len({group.key for group in groups}) != len(groups):
            raise fields["groups"].malformed("a group comes twice", "each group once")
        keys = tuple(group.key for group in groups)
        lines = tuple(line_rule.parse(item, known, keys) for item in fields["lines"].items(least=1, most=MAX_LINES))
        codes = tuple(line.code for line in lines)
        if len(set(codes)) != len(codes):
            raise fields["lines"].malformed("a code comes twice", "each code once")
        views = tuple(_view(item, codes) for item in fields["views"].items(most=32))
        if len({view.key for view in views}) != len(views):
            raise fields["views"].malformed("a view comes twice", "each view once")
        mrv = fields["mrv"].fields(("annual_report_days", "month_evidence_days"))
        rounding = tuple(Rounding.parse(item) for item in fields["rounding"].items(most=2))
        if len({row.place for row in rounding}) != len(rounding):
            raise fields["rounding"].malformed("a place comes twice", "each place once")
        return cls(
            key=line_rule.key(fields["key"]),
            guideline=chain_name(fields["guideline"]),
            version=chain_name(fields["version"]),
            status=fields["status"].one_of(tuple(STATUS)),
            years=factor_register.years(fields["years"]),
            title=line_rule.title(fields["title"]),
            groups=groups,
            lines=lines,
            views=views,
            factors=embedded,
            rounding=rounding,
            input_rounding=tuple(_input_rounding(item) for item in fields["input_rounding"].items(most=32)),
            month_evidence_days=mrv["month_evidence_days"].integer(1, 0xFFFF),
            annual_report_days=mrv["annual_report_days"].integer(1, 0xFFFF),
            sources=tuple(item.text(least=1) for item in fields["sources"].items(least=1, most=100)),
        )

    def to_value(self) -> dict[str, Any]:
        """Inverse of `from_value`."""
        return {
            "factors": [factor.to_json() for factor in self.factors],
            "groups": [{"key": g.key, "title": {"en": g.title[0], "zh": g.title[1]}} for g in self.groups],
            "guideline": self.guideline,
            "input_rounding": [row.to_json() for row in self.input_rounding],
            "key": self.key,
            "lines": [line.to_json() for line in self.lines],
            "mrv": {"annual_report_days": self.annual_report_days, "month_evidence_days": self.month_evidence_days},
            "rounding": [row.to_json() for row in self.rounding],
            "sources": list(self.sources),
            "status": self.status,
            "title": {"en": self.title[0], "zh": self.title[1]},
            "v": 1,
            "version": self.version,
            "views": [view.to_json() for view in self.views],
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
        return self._by_code.get(code)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its lines, in its order."""
        return tuple(self._by_code)

    def covers(self, year: int) -> bool:
        """Whether the reporting year is one of its years."""
        return self.years[0] <= year and (self.years[1] == 0 or year <= self.years[1])

    def rounded_quantity(self, value: Fraction, kind: str) -> Fraction:
        """A reported quantity in base units, rounded as the rule set asks (unchanged where it does not)."""
        return self._rounded(value, "quantity", units.KINDS[kind][1])

    def rounded_parameter(self, value: Fraction, base: str) -> Fraction:
        """A reported parameter in its base unit, rounded as the rule set asks."""
        return self._rounded(value, "parameter", units.PARAMETERS[base])

    def _rounded(self, value: Fraction, place: str, known: Mapping[str, Fraction | int]) -> Fraction:
        if not self.input_rounding:
            return value
        row = next((row for row in self.input_rounding if row.place == place and row.unit in known), None)
        return value if row is None else row.apply(value, known[row.unit])

    def rounding_number(self) -> int:
        """The rounding table on the chain: the line's row in the high byte, the total's in the low one."""
        rows = {row.place: row.number for row in self.rounding}
        return rows.get("line", 0) << 8 | rows.get("total", TO_THE_GRAM.number)

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


def _group(node: Node) -> Group:
    fields = node.fields(("key", "title"))
    return Group(line_rule.key(fields["key"]), line_rule.title(fields["title"]))


def _view(node: Node, codes: tuple[str, ...]) -> View:
    fields = node.fields(("key", "terms", "title"))
    terms = []
    for item in fields["terms"].items(least=1, most=MAX_LINES):
        term = item.fields(("code", "sign"))
        terms.append((term["code"].one_of(codes, "not a line of the rule set"), line_rule.sign(term["sign"], (1, -1))))
    return View(line_rule.key(fields["key"]), line_rule.title(fields["title"]), tuple(terms))


def _input_rounding(node: Node) -> InputRounding:
    row = InputRounding.parse(node)
    known = units.KIND_OF if row.place == "quantity" else units.PARAMETER_UNITS
    if row.unit not in known:
        raise node.fields(("decimals", "mode", "place", "unit"))["unit"].malformed("not a known unit", list(known))
    return row
