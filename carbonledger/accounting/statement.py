"""The statement of result: what was computed, from what, by which rule (docs/formats/rule-set.md)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from carbonledger import jcs
from carbonledger.accounting import exact
from carbonledger.accounting.factors import Factor
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import LineRule, RuleSet
from carbonledger.accounting.units import Quantity


@dataclass(frozen=True, slots=True)
class Used:
    """A parameter as it was used: `value` in 1e-18 of `unit`; `factor` where the tier is the default."""

    name: str
    tier: str
    unit: str
    value: int
    factor: Factor | None

    def to_json(self) -> dict[str, str]:
        """As in the statement; a value of the enterprise's own has no factor, source or evidence."""
        return {
            "evidence": self.factor.evidence if self.factor else "",
            "factor": self.factor.id.hex() if self.factor else "",
            "name": self.name,
            "source": self.factor.source if self.factor else "",
            "tier": self.tier,
            "unit": self.unit,
            "value": exact.fixed_text(self.value),
        }


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line: `numerator` over 12·10^54 is its exact contribution in grams, negative where it is subtracted."""

    rule: LineRule
    item: str
    quantity: Quantity
    parameters: tuple[Used, ...]
    numerator: int

    @property
    def emission(self) -> Fraction:
        """Exact contribution, g."""
        return exact.fraction(self.numerator)

    @property
    def shown(self) -> str:
        """The contribution in grams, cut after two digits: for people."""
        return exact.truncated(self.emission, 2)

    def to_json(self) -> dict[str, Any]:
        """As in the statement; the fraction in lowest terms."""
        emission = self.emission
        return {
            "code": self.rule.code,
            "emission": {"denominator": str(emission.denominator), "numerator": str(emission.numerator)},
            "item": self.item,
            "parameters": [used.to_json() for used in self.parameters],
            "quantity": self.quantity.to_json(),
            "shown": self.shown,
        }


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a reader should know: a closed word, the place in the input, a sentence."""

    code: str
    path: str
    text: str

    def to_json(self) -> dict[str, str]:
        """As in the statement."""
        return {"code": self.code, "path": self.path, "text": self.text}


@dataclass(frozen=True, slots=True)
class Statement:
    """A result: `emission` in whole gCO2e; `lines` in the chain's order, `chain_lines` their words.

    `missing` names the lines of the rule set that the document did not report: unknown, which is not zero.
    """

    rules: RuleSet
    year: int
    emission: int
    lines: tuple[StatementLine, ...]
    chain_lines: tuple[Line, ...]
    missing: tuple[str, ...]
    warnings: tuple[Warned, ...]

    def to_json(self) -> dict[str, Any]:
        """The statement as a JSON value of the canonical domain."""
        rules = self.rules
        return {
            "emission": {"unit": "g", "value": str(self.emission)},
            "lines": [line.to_json() for line in self.lines],
            "missing": list(self.missing),
            "rounding": [row.to_json() for row in (rules.rounding or (exact.TO_THE_GRAM,))],
            "rule_set": {
                "id": rules.id.hex(),
                "key": rules.key,
                "status": rules.status,
                "title": {"en": rules.title[0], "zh": rules.title[1]},
            },
            "v": 1,
            "warnings": [warned.to_json() for warned in self.warnings],
            "year": self.year,
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())
