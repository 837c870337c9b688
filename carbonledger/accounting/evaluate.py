"""From the lines of a report to grams: what the contracts compute, from the same words.

Each line is checked against the rule set (code, order, tiers, factor and its guideline, validity by reporting year,
unit); then the exact amounts are summed, added and subtracted lines apart, and rounded at the places of the rounding
table. Lines of sign 0 stand apart: they are computed, and not in the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carbonledger import numbered
from carbonledger.accounting import exact
from carbonledger.accounting.factors import Published
from carbonledger.accounting.lines import Line
from carbonledger.accounting.methods import Exact
from carbonledger.accounting.rule_set import PARAMETER_SLOTS, LineRule, ParameterRule, RuleSet
from carbonledger.accounting.sums import Sum, difference, rounded_amount
from carbonledger.errors import Refused, Unknown

_BLANK = bytes(32)


@dataclass(frozen=True, slots=True)
class Result:
    """The emission in whole grams of CO2e, and each line's exact amount, without its sign."""

    emission: int
    amounts: tuple[Exact, ...]


def evaluate(rules: RuleSet, year: int, lines: Sequence[Line], factors: Mapping[bytes, Published]) -> Result:
    """Compute a reporting year's lines.

    Refused where a rule forbids a line, where the total is negative or too large; Unknown for a factor that is not in
    `factors`. The order of the lines is that of (code, item), strictly ascending.
    """
    if not rules.covers(year):
        raise Refused(f"rule set {rules.key} does not hold for {year}", expected=list(rules.years), found=year)
    if not lines:
        raise Refused("a report without lines", expected="at least one line", found="none")
    amounts: list[tuple[int, Exact]] = []
    for index, line in enumerate(lines):
        if index and lines[index - 1].order >= line.order:
            raise Refused(f"line {index} is out of order", expected="(code, item) strictly ascending", found=line.code)
        rule = rules.line(line.code)
        if rule is None:
            raise Refused(
                f"line {index}",
                expected="one of " + ", ".join(rule.code for rule in rules.lines),
                found=repr(line.code),
            )
        amounts.append((rule.sign, _amount(rule, year, line, factors)))
    return Result(total(rules, amounts), tuple(amount for _, amount in amounts))


def total(rules: RuleSet, amounts: Sequence[tuple[int, Exact]]) -> int:
    """Whole grams from (sign, exact amount) of each line, by the rule set's rounding table; sign 0 is left out."""
    rows = {row.place: row for row in rules.rounding}
    sums = {1: Sum(), -1: Sum()}
    for sign, amount in amounts:
        if sign == 0:
            continue
        if "line" in rows:
            amount = Exact(rounded_amount(amount, rows["line"]) * exact.DENOMINATOR)
        sums[sign].add(amount)
    return difference(sums[1], sums[-1], rows.get("total", exact.TO_THE_GRAM))


def _amount(rule: LineRule, year: int, line: Line, factors: Mapping[bytes, Published]) -> Exact:
    count = len(rule.parameters)
    if line.tiers >> (8 * count) or any(word != _BLANK for word in line.parameters[count:]):
        raise Refused(
            f"line {line.code} uses more parameters than it has", expected=count, found=f"up to {PARAMETER_SLOTS}"
        )
    values = [
        _value(rule, parameter, year, line.tier(i), word, factors)
        for i, (parameter, word) in enumerate(zip(rule.parameters, line.parameters[:count], strict=True))
    ]
    return rule.method.amount(line.quantity, values)


def _value(
    rule: LineRule, parameter: ParameterRule, year: int, tier: int, word: bytes, factors: Mapping[bytes, Published]
) -> int:
    name = numbered.TIERS.get(tier, str(tier))
    if name not in parameter.tiers:
        where = _where(rule, parameter)
        raise Refused(f"{where}: tier", expected="one of " + ", ".join(parameter.tiers), found=name)
    if name != "default":
        return int.from_bytes(word, "big")
    if parameter.factor is not None and word != parameter.factor:
        where = _where(rule, parameter)
        raise Refused(f"{where} is fixed by the rule set", expected=parameter.factor.hex(), found=word.hex())
    factor = factors.get(word)
    if factor is None:
        where = _where(rule, parameter)
        raise Unknown(f"{where}: factor", expected="the id of a published factor", found=word.hex())
    if parameter.guideline and factor.guideline != parameter.guideline:
        where = _where(rule, parameter)
        raise Refused(f"{where}: guideline of the factor", expected=parameter.guideline, found=factor.guideline)
    if factor.unit != parameter.unit:
        where = _where(rule, parameter)
        raise Refused(f"{where}: unit of the factor", expected=parameter.unit, found=factor.unit)
    if not factor.in_force(year):
        where = _where(rule, parameter)
        years = f"{factor.year_from} to {factor.year_to or 'open'}"
        raise Refused(f"{where}: factor {word.hex()} is not in force", expected=years, found=year)
    return factor.value


def _where(rule: LineRule, parameter: ParameterRule) -> str:
    return f"parameter {parameter.name} of line {rule.code}"
