"""The statement of result: what was computed, from what, by which rule (docs/formats/rule-set.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from carbonledger import jcs
from carbonledger.accounting import exact, sums
from carbonledger.accounting.exact import DENOMINATOR, TO_THE_GRAM
from carbonledger.accounting.factors import Factor
from carbonledger.accounting.line_rule import GASES, SCOPES
from carbonledger.accounting.lines import Line
from carbonledger.accounting.methods import Exact
from carbonledger.accounting.rule_set import LineRule, RuleSet, View
from carbonledger.accounting.units import Quantity

Derivation = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Used:
    """A parameter as it was used: `value` in 1e-18 of `unit`; `factor` where the tier is the default.

    `derivation` says how a value came about that is not as it was given: rounded, a mean, in place of a missing one.
    """

    name: str
    tier: str
    unit: str
    value: int
    factor: Factor | None
    derivation: Derivation | None

    def to_json(self) -> dict[str, Any]:
        """As in the statement; a value of the enterprise's own has no factor, source or evidence."""
        return {
            "derivation": None if self.derivation is None else dict(self.derivation),
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
    """One line: `amount` is its exact contribution, to be added, subtracted or kept apart by the rule's sign.

    `month` is 0 where the line stands for the year.
    """

    rule: LineRule
    item: str
    month: int
    quantity: Quantity
    derivation: Derivation | None
    parameters: tuple[Used, ...]
    amount: Exact

    @property
    def emission(self) -> Fraction:
        """Exact contribution in g, negative where it is subtracted."""
        return (self.rule.sign or 1) * sums.fraction(self.amount)

    @property
    def shown(self) -> str:
        """The contribution in grams, cut after two digits: for people."""
        return exact.truncated(self.emission, 2)

    def to_json(self) -> dict[str, Any]:
        """As in the statement; the fraction in lowest terms."""
        return {
            "code": self.rule.code,
            "derivation": None if self.derivation is None else dict(self.derivation),
            "emission": _fraction(self.emission),
            "gas": self.rule.gas,
            "group": self.rule.group,
            "in_total": self.rule.sign != 0,
            "item": self.item,
            "month": self.month,
            "parameters": [used.to_json() for used in self.parameters],
            "quantity": self.quantity.to_json(),
            "scope": self.rule.scope,
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

    def by(self, part: Callable[[LineRule], str], keys: Iterable[str]) -> dict[str, Fraction]:
        """Exact grams of the lines in the total, by what `part` says of their rule; keys without lines are left out."""
        found: dict[str, Fraction] = {}
        for line in self.lines:
            if line.rule.sign:
                key = part(line.rule)
                found[key] = found.get(key, Fraction(0)) + line.emission
        return {key: found[key] for key in keys if key in found}

    def by_group(self) -> dict[str, Fraction]:
        """Exact grams by section of the official layout."""
        return self.by(lambda rule: rule.group, [group.key for group in self.rules.groups])

    def by_scope(self) -> dict[str, Fraction]:
        """Exact grams by scope of the GHG Protocol."""
        return self.by(lambda rule: rule.scope, SCOPES)

    def by_gas(self) -> dict[str, Fraction]:
        """Exact grams by gas."""
        return self.by(lambda rule: rule.gas, GASES)

    def view(self, view: View) -> int | None:
        """Whole grams of a view, rounded as the total is; may be negative; None where none of its lines is reported."""
        rows = {row.place: row for row in self.rules.rounding}
        signs = dict(view.terms)
        parts = []
        for line in self.lines:
            if line.rule.code in signs:
                amount = line.amount
                if "line" in rows:
                    amount = Exact(sums.rounded_amount(amount, rows["line"]) * DENOMINATOR)
                parts.append((signs[line.rule.code], amount))
        if not parts:
            return None
        total, row = sums.exact(parts), rows.get("total", TO_THE_GRAM)
        step = exact.MASSES[row.unit]
        whole = exact.divide(abs(total.numerator), total.denominator * step, row.mode) * step
        return -whole if total < 0 else whole

    def to_json(self) -> dict[str, Any]:
        """The statement as a JSON value of the canonical domain."""
        rules = self.rules
        return {
            "by_gas": _sums(self.by_gas()),
            "by_group": _sums(self.by_group()),
            "by_scope": _sums(self.by_scope()),
            "emission": {"unit": "g", "value": str(self.emission)},
            "lines": [line.to_json() for line in self.lines],
            "missing": list(self.missing),
            "rounding": [row.to_json() for row in (rules.rounding or (TO_THE_GRAM,))],
            "rule_set": {
                "id": rules.id.hex(),
                "key": rules.key,
                "status": rules.status,
                "title": {"en": rules.title[0], "zh": rules.title[1]},
            },
            "v": 1,
            "views": [
                {"emission": {"unit": "g", "value": str(grams)}, "key": view.key, "title": _title(view.title)}
                for view in rules.views
                if (grams := self.view(view)) is not None
            ],
            "warnings": [warned.to_json() for warned in self.warnings],
            "year": self.year,
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())


def _sums(found: Mapping[str, Fraction]) -> list[dict[str, Any]]:
    return [
        {"emission": _fraction(grams), "key": key, "shown": exact.truncated(grams, 2)} for key, grams in found.items()
    ]


def _fraction(value: Fraction) -> dict[str, str]:
    return {"denominator": str(value.denominator), "numerator": str(value.numerator)}


def _title(title: tuple[str, str]) -> dict[str, str]:
    return {"en": title[0], "zh": title[1]}
