"""What a rule set says of the lines of one code: method, parameters, sign, and where they stand in each inventory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from carbonledger import numbered
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.methods import Method, method
from carbonledger.accounting.names import chain_name, name32
from carbonledger.numbered import numbers

TIERS: Final = numbers(numbered.TIERS)
PARAMETER_SLOTS: Final = 6
WORDS: Final = 6 + 3 * PARAMETER_SLOTS

GASES: Final = ("CO2", "CH4", "N2O", "SF6", "HFC", "PFC", "NF3", "CO2e")
SCOPES: Final = ("1", "2", "3", "outside")
ISO_CATEGORIES: Final = ("1", "2", "3", "4", "5", "6")
SCOPE3_CATEGORIES: Final = 15
MISSING: Final = ("refuse", "default", "mean-of-measured")

_LINE_FIELDS: Final = (
    *("calculator", "code", "gas", "group", "iso", "method"),
    *("parameters", "quantity", "scope", "scope3", "sign", "title"),
)
_KEY: Final = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """A parameter of a line: its tiers; `factor` is the one default allowed, None leaves the choice to the line.

    `guideline` is the one whose factors may be chosen, "" any. `missing` says what stands in for a measured value that
    is missing: nothing, the default, or the mean of the measured months where there are at least `MEASURED_MONTHS`.
    """

    name: str
    unit: str
    tiers: tuple[str, ...]
    factor: bytes | None
    guideline: str
    missing: str

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse_parameter`."""
        return {
            "factor": self.factor.hex() if self.factor else "",
            "guideline": self.guideline,
            "missing": self.missing,
            "name": self.name,
            "tiers": list(self.tiers),
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class LineRule:
    """One line of a rule set. `sign`: added (1), subtracted (-1), or apart from the total (0).

    `group` is the section of the official layout, `scope` and `scope3` those of the GHG Protocol (0: none), `iso` the
    category of ISO 14064-1.
    """

    code: str
    method: Method
    quantity: str
    parameters: tuple[ParameterRule, ...]
    sign: int
    gas: str
    group: str
    scope: str
    scope3: int
    iso: str
    title: tuple[str, str]
    most: Mapping[str, int | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # the largest value of each parameter that has a meaning, 1e-18: the method's, kept by name
        object.__setattr__(self, "most", {p.name: p.most for p in self.method.forms[self.quantity]})

    def parameter(self, name: str) -> ParameterRule:
        """The parameter of this name."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def words(self) -> bytes:
        """LineRule as the contracts take it: 24 words."""
        tiers = sum(1 << (8 * i + TIERS[tier]) for i, rule in enumerate(self.parameters) for tier in rule.tiers)
        blank = bytes(32 * (PARAMETER_SLOTS - len(self.parameters)))
        return b"".join(
            (
                name32(self.code),
                name32(self.method.calculator),
                name32(self.method.name),
                self.sign.to_bytes(32, "big", signed=True),
                len(self.parameters).to_bytes(32, "big"),
                tiers.to_bytes(32, "big"),
                *((rule.factor or bytes(32)) for rule in self.parameters),
                blank,
                *(name32(rule.guideline) for rule in self.parameters),
                blank,
                *(name32(rule.unit) for rule in self.parameters),
                blank,
            )
        )

    def form(self) -> tuple[Any, ...]:
        """The same as the values of the Solidity struct."""
        raw = self.words()
        word = [raw[at : at + 32] for at in range(0, len(raw), 32)]
        head = (*word[:3], self.sign, len(self.parameters), int.from_bytes(word[5], "big"))
        return (*head, word[6:12], word[12:18], word[18:24])

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "calculator": self.method.calculator,
            "code": self.code,
            "gas": self.gas,
            "group": self.group,
            "iso": self.iso,
            "method": self.method.name,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "quantity": self.quantity,
            "scope": self.scope,
            "scope3": self.scope3,
            "sign": self.sign,
            "title": {"en": self.title[0], "zh": self.title[1]},
        }


def parse(node: Node, known: Factors, groups: tuple[str, ...]) -> LineRule:
    """From the JSON of a line; `known` are the rule set's own factors, `groups` its groups."""
    fields = node.fields(_LINE_FIELDS)
    used = method(fields["method"].text(most=31))
    if fields["calculator"].value != used.calculator:
        raise fields["calculator"].malformed(f"not the calculator of method {used.name}", used.calculator)
    quantity = fields["quantity"].one_of(tuple(used.forms), f"not a unit that method {used.name} counts")
    nodes = fields["parameters"].items(most=PARAMETER_SLOTS)
    wanted = used.forms[quantity]
    if len(nodes) != len(wanted):
        raise fields["parameters"].malformed(f"parameters of method {used.name}", " ".join(p.name for p in wanted))
    return LineRule(
        code=key(fields["code"]),
        method=used,
        quantity=quantity,
        parameters=tuple(
            _parameter(item, parameter.name, parameter.unit, known)
            for item, parameter in zip(nodes, wanted, strict=True)
        ),
        sign=sign(fields["sign"], (1, -1, 0)),
        gas=fields["gas"].one_of(GASES),
        group=fields["group"].one_of(groups, "not a group of the rule set"),
        scope=fields["scope"].one_of(SCOPES),
        scope3=fields["scope3"].integer(0, SCOPE3_CATEGORIES),
        iso=fields["iso"].one_of(ISO_CATEGORIES),
        title=title(fields["title"]),
    )


def sign(node: Node, allowed: tuple[int, ...]) -> int:
    """One of the signs allowed."""
    if type(node.value) is not int or node.value not in allowed:
        raise node.malformed("not a sign", "one of " + ", ".join(map(str, allowed)))
    return node.value


def key(node: Node) -> str:
    """A code that can be a name on the chain: lower-case letters and digits, joined by points and hyphens."""
    value = chain_name(node)
    if _KEY.fullmatch(value) is None:
        raise node.malformed("not a code", "lower-case letters and digits, joined by '.' or '-'")
    return value


def title(node: Node) -> tuple[str, str]:
    """`{"en","zh"}`."""
    fields = node.fields(("en", "zh"))
    return fields["en"].text(least=1, most=200), fields["zh"].text(least=1, most=200)


def _parameter(node: Node, name: str, unit: str, known: Factors) -> ParameterRule:
    fields = node.fields(("factor", "guideline", "missing", "name", "tiers", "unit"))
    fields["name"].one_of((name,), "not the parameter of the method at this place")
    fields["unit"].one_of((unit,), "not the unit of the method")
    tiers = tuple(item.one_of(tuple(TIERS)) for item in fields["tiers"].items(least=1, most=len(TIERS)))
    if tiers != tuple(tier for tier in TIERS if tier in tiers):
        raise fields["tiers"].malformed("tiers in another order", "each once, in the order " + ", ".join(TIERS))
    guideline = chain_name(fields["guideline"], least=0)
    missing = fields["missing"].one_of(MISSING)
    identifier = fields["factor"].text(most=64)
    if missing != "refuse" and not identifier:
        raise fields["missing"].malformed("a stand-in for missing values without a fixed default", "a fixed factor")
    if missing == "mean-of-measured" and "conservative" not in tiers:
        raise fields["tiers"].malformed("a mean of other months, but no tier for it", "conservative among the tiers")
    if not identifier:
        return ParameterRule(name, unit, tiers, None, guideline, missing)
    fixed = next((factor for factor in known if factor.id.hex() == identifier), None)
    if fixed is None:
        raise fields["factor"].malformed("a factor that is not in the rule set", "the id of one of its factors")
    if fixed.unit != unit:
        raise fields["factor"].malformed("a factor of another unit", unit)
    if guideline not in ("", fixed.guideline):
        raise fields["guideline"].malformed("not the guideline of the fixed factor", fixed.guideline)
    if "default" not in tiers:
        raise fields["tiers"].malformed("a factor is fixed, but the default is not allowed", "default among the tiers")
    return ParameterRule(name, unit, tiers, fixed.id, guideline, missing)
