"""A filed report's emission by scope, computed again from its lines: the total must be what the chain holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.exact import DENOMINATOR
from carbonledger.accounting.factors import Published
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import CarbonLedgerError


def by_scope(
    rules: RuleSet, year: int, lines: Sequence[Line], factors: Mapping[bytes, Published], emission: int
) -> dict[str, int] | None:
    """Scope "1" and "2" -> whole grams, rounded down; None where the lines do not give the chain's emission.

    A scope below zero (more power sold than bought) is left out: what it means for a lender is no sum.
    """
    try:
        result = evaluate(rules, year, lines, factors)
    except CarbonLedgerError:
        return None  # a rule set or a factor that is not known here: unknown, not zero
    if result.emission != emission:
        return None
    sums: dict[str, Fraction] = {}
    for line, amount in zip(lines, result.amounts, strict=True):
        rule = rules.line(line.code)
        if rule is None or rule.sign == 0 or rule.scope not in ("1", "2"):
            continue
        exact = Fraction(amount.numerator, amount.divisor * DENOMINATOR)
        sums[rule.scope] = sums.get(rule.scope, Fraction(0)) + rule.sign * exact
    return {scope: value.numerator // value.denominator for scope, value in sums.items() if value >= 0}
